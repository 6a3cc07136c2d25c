import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseEntryBundle } from '#core/log/bundles.ts'
import { tilePath } from '#core/log/tile-path.ts'
import { TILE_WIDTH } from '#core/log/tiles.ts'

/** A version as its package lists it. */
export interface ListedVersion {
  readonly version: string
  readonly checksum: string
  readonly yanked: boolean
}

/** What the log tells of a release. */
interface Logged {
  readonly publishes: string[]
  isYanked: boolean
}

/** How soon what was committed is in the checkpoint. */
const LOGGED_MS = 1_000

/** Waits until everything has its place in the tree, which may take a second. */
export async function waitForLog(url: string): Promise<void> {
  for (const startedAt = performance.now(); ; ) {
    const askedAt = performance.now()
    const metrics = Buffer.from(await getBytes(`${url}/metrics`)).toString()
    if (/^entrepot_log_waiting_entries 0$/m.test(metrics)) return
    assert.ok(askedAt - startedAt < LOGGED_MS, 'the log is not whole after a second')
    await sleep(20)
  }
}

/** By name and version, of the published tree. */
export async function readLog(url: string): Promise<Map<string, Logged>> {
  const { size } = await getJson<{ size: number }>(`${url}/log/`)
  const logged = new Map<string, Logged>()
  for (let number = 0; number * TILE_WIDTH < size; number++) {
    const width = Math.min(TILE_WIDTH, size - number * TILE_WIDTH)
    const path = tilePath({ kind: 'entries', level: 0, number, width })
    for (const entry of parseEntryBundle(await getBytes(`${url}/log/${path}`))) {
      const [name = '', version, event, digest = ''] = Buffer.from(entry)
        .toString()
        .trim()
        .split(' ')
      const key = `${name.replace('ori/', '')} ${version}`
      const known = logged.get(key) ?? { publishes: [], isYanked: false }
      if (event === 'publish') known.publishes.push(digest)
      else known.isYanked = event === 'yank'
      logged.set(key, known)
    }
  }
  return logged
}

/** The versions of a package; none when it is not there. */
export async function listVersions(url: string, name: string): Promise<readonly ListedVersion[]> {
  const answer = await fetch(`${url}/ori/v1/packages/${name}/versions`)
  const body = (await answer.json()) as { versions?: ListedVersion[] }
  // Nobody may have come as far as the first.
  assert.ok(answer.status === 200 || answer.status === 404, JSON.stringify(body))
  return body.versions ?? []
}

/** The bytes of an archive. */
export async function download(url: string, name: string, version: string) {
  const answer = await fetch(`${url}/ori/v1/packages/${name}/${version}/download`)
  return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) }
}

/** JSON that must be there. */
export async function getJson<T>(url: string): Promise<T> {
  return JSON.parse(Buffer.from(await getBytes(url)).toString()) as T
}

/** Bytes that must be there. */
export async function getBytes(url: string): Promise<Uint8Array> {
  const answer = await fetch(url)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  assert.equal(answer.status, 200, `${url}: ${Buffer.from(bytes)}`)
  return bytes
}

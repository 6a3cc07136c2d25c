import assert from 'node:assert/strict'
import { digestOf } from '#core/blobs/digest.ts'
import { auditLog } from '#core/log/audit-log.ts'
import { parseVerifier } from '#core/log/note.ts'
import { type TrustedLog, verifyRelease } from '#core/log/verify-release.ts'
import {
  download,
  getBytes,
  getJson,
  type ListedVersion,
  listVersions,
  readLog,
  waitForLog,
} from './ori-reader.ts'
import { formOf, pack } from './ori-world.ts'
import { type Random, randomFrom } from './random.ts'

/** A release that a client tried to publish. */
interface Attempt {
  readonly name: string
  readonly version: string
  /** Of the archives that may be there: the one acknowledged, or all whose fate is unknown. */
  readonly checksums: Set<string>
  isAcknowledged: boolean
  /** What `yanked` may be. */
  readonly yanked: Set<boolean>
  /** Whether its files and proof were looked at. */
  isChecked: boolean
}

interface StormOptions {
  readonly authorization: string
  /** `@scope/name`. */
  readonly packages: readonly string[]
  readonly seed: number
}

const CONTESTED = 5

/**
 * Clients that publish, yank and download Ori packages as fast as they can and remember what was
 * acknowledged and what may or may not have happened. `check` compares that with a registry.
 */
export class OriStorm {
  /** How often which status came. */
  readonly statuses = new Map<number, number>()
  readonly #options: StormOptions
  readonly #attempts = new Map<string, Attempt>()
  #round = 0
  #remembered: { readonly key: string; readonly checkpoint: string | undefined } | undefined

  constructor(options: StormOptions) {
    this.#options = options
  }

  get acknowledged(): number {
    return [...this.#attempts.values()].filter((one) => one.isAcknowledged).length
  }

  /** Storms with so many clients until the server is gone. */
  async rage(url: string, clients: number): Promise<void> {
    const round = this.#round++
    const { seed } = this.#options
    const rage = async (client: number) => {
      const random = randomFrom(seed + round * 1000 + client)
      for (let step = 0; ; step++) {
        try {
          await this.#step(url, random, { client, number: `${round}.${step}` })
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error
          return
        }
      }
    }
    await Promise.all(Array.from({ length: clients }, (_, client) => rage(client)))
  }

  /**
   * Compares a registry that has just started with what is known: whole, or not there at all. Files
   * and proofs only of what is new, unless all are asked for.
   */
  async check(url: string, { all = false } = {}): Promise<void> {
    await waitForLog(url)
    const log = await this.#auditLog(url)
    const logged = await readLog(url)
    const seen = new Set<string>()
    for (const name of this.#options.packages) {
      for (const listed of await listVersions(url, name)) {
        const key = `${name} ${listed.version}`
        seen.add(key)
        this.#settle(key, listed)
        const found = logged.get(key)
        assert.deepEqual(found?.publishes, [listed.checksum], `log entries of ${key}`)
        assert.equal(found.isYanked, listed.yanked, `yanks of ${key} in the log`)
      }
    }
    for (const [key, attempt] of this.#attempts) {
      if (seen.has(key)) continue
      assert.ok(!attempt.isAcknowledged, `${key} was acknowledged and is not listed`)
      assert.equal(logged.get(key), undefined, `${key} is not listed, but logged`)
      await checkAbsent(url, attempt)
      this.#attempts.delete(key)
    }
    for (const key of logged.keys()) assert.ok(seen.has(key), `${key} is logged and not listed`)
    await this.#checkFiles(url, log, all)
  }

  async #step(url: string, random: Random, by: { client: number; number: string }): Promise<void> {
    const name = pick(this.#options.packages, random)
    const kind = random(10)
    const known = [...this.#attempts.values()].filter((one) => one.isAcknowledged)
    if (kind < 6 || known.length === 0) {
      await this.#publish(url, { name, version: `${by.client}.${by.number}` }, random)
    } else if (kind === 6) {
      // Several clients at once, each with an archive of its own.
      const version = `${100 + random(CONTESTED)}.${by.number.split('.')[0]}.0`
      await this.#publish(url, { name, version }, random)
    } else if (kind === 7) {
      // Nobody else yanks these: so the last word is known.
      const own = known.filter(({ version }) => version.startsWith(`${by.client}.`))
      if (own.length > 0) await this.#yank(url, pick(own, random), random(2) === 0)
    } else await this.#download(url, pick(known, random))
  }

  async #publish(url: string, release: { name: string; version: string }, random: Random) {
    const { name, version } = release
    const noise = Array.from({ length: random(400) }, () => random(2 ** 32)).join(' ')
    const archive = pack({ ...release, files: { 'src/noise': `${random(2 ** 32)} ${noise}` } })
    const checksum = digestOf(archive)
    const key = `${name} ${version}`
    const attempt = this.#attempts.get(key) ?? newAttempt(name, version)
    this.#attempts.set(key, attempt)
    if (!attempt.isAcknowledged) attempt.checksums.add(checksum)
    const answer = await this.#post(url, `/packages/${name}/publish`, formOf(archive))
    if (answer.status === 409) {
      if (!attempt.isAcknowledged) attempt.checksums.delete(checksum)
      return
    }
    assert.equal(answer.status, 201, `${key}: ${answer.text}`)
    assert.ok(!attempt.isAcknowledged, `${key} was published twice`)
    attempt.isAcknowledged = true
    attempt.checksums.clear()
    attempt.checksums.add(checksum)
  }

  async #yank(url: string, attempt: Attempt, isYanked: boolean): Promise<void> {
    const { name, version, yanked } = attempt
    yanked.add(isYanked)
    const path = `/packages/${name}/${version}/${isYanked ? 'yank' : 'unyank'}`
    const answer = await this.#post(url, path)
    assert.equal(answer.status, 200, `${path}: ${answer.text}`)
    yanked.delete(!isYanked)
  }

  async #download(url: string, { name, version, checksums }: Attempt): Promise<void> {
    const { status, bytes } = await download(url, name, version)
    assert.equal(status, 200, `${name} ${version}`)
    assert.ok(checksums.has(digestOf(bytes)), `${name} ${version} has other bytes`)
  }

  async #post(url: string, path: string, body?: FormData) {
    const headers = { authorization: this.#options.authorization }
    const init = { method: 'POST', headers, ...(body && { body }) }
    const answer = await fetch(`${url}/ori/v1${path}`, init)
    const text = await answer.text()
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1)
    return { status: answer.status, text }
  }

  /** What was unknown is known now. */
  #settle(key: string, { checksum, yanked }: ListedVersion): void {
    const attempt = this.#attempts.get(key)
    assert.ok(attempt, `nobody published ${key}`)
    assert.ok(attempt.checksums.has(checksum), `${key} has the checksum of something else`)
    assert.ok(attempt.yanked.has(yanked), `${key}: yanked is ${yanked}`)
    attempt.isAcknowledged = true
    attempt.checksums.clear()
    attempt.checksums.add(checksum)
    attempt.yanked.clear()
    attempt.yanked.add(yanked)
  }

  async #checkFiles(url: string, log: TrustedLog, all: boolean): Promise<void> {
    const settled = [...this.#attempts.values()].filter((one) => one.isAcknowledged)
    const todo = settled.filter(({ isChecked }) => all || !isChecked).values()
    const work = async () => {
      for (const attempt of todo) {
        await checkRelease(url, attempt, log)
        attempt.isChecked = true
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))
  }

  /** The same log as before, with every tile right. */
  async #auditLog(url: string): Promise<TrustedLog> {
    const about = await getJson<{ verifierKeys: string[] }>(`${url}/log/`)
    const key = this.#remembered?.key ?? about.verifierKeys[0] ?? ''
    const verifier = parseVerifier(key)
    const { note } = await auditLog({
      get: (path) => getBytes(`${url}/log/${path}`),
      origin: verifier.name,
      verifiers: [verifier],
      remembered: this.#remembered?.checkpoint,
    })
    this.#remembered = { key, checkpoint: note }
    return { origin: verifier.name, verifiers: [verifier] }
  }
}

async function checkRelease(
  url: string,
  { name, version, checksums }: Attempt,
  log: TrustedLog,
): Promise<void> {
  const [checksum = ''] = checksums
  const path = `${url}/ori/v1/packages/${name}/${version}`
  const about = await getJson<{ checksum: string }>(`${path}/metadata`)
  assert.equal(about.checksum, checksum)
  const { status, bytes } = await download(url, name, version)
  assert.deepEqual([status, digestOf(bytes)], [200, checksum], `${name} ${version}`)
  const proof = Buffer.from(await getBytes(`${path}/download.tlog-proof`)).toString()
  const release = { ecosystem: 'ori', name, version, digest: checksum }
  verifyRelease(proof, release, log)
}

async function checkAbsent(url: string, { name, version }: Attempt): Promise<void> {
  const path = `${url}/ori/v1/packages/${name}/${version}`
  for (const part of ['metadata', 'download', 'download.tlog-proof']) {
    const answer = await fetch(`${path}/${part}`)
    await answer.arrayBuffer()
    assert.equal(answer.status, 404, `${name} ${version} is not listed, but has ${part}`)
  }
}

function newAttempt(name: string, version: string): Attempt {
  const known = { checksums: new Set<string>(), yanked: new Set([false]) }
  return { name, version, ...known, isAcknowledged: false, isChecked: false }
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[random(items.length)] as T
}

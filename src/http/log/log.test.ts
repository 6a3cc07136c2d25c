import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { App } from '#core/app.ts'
import {
  addPackage,
  newContent,
  publish,
  push,
  type TestPackage,
} from '#core/blobs/collect-fixture.ts'
import { change } from '#core/db/change.ts'
import { appendLog } from '#core/log/append.ts'
import { parseEntryBundle } from '#core/log/bundles.ts'
import { openCheckpoint, parseHash } from '#core/log/checkpoint.ts'
import { leafHash, rootHash } from '#core/log/merkle.ts'
import { isConsistent, isIncluded } from '#core/log/merkle-verify.ts'
import { parseVerifier } from '#core/log/note.ts'
import { type Sequencer, startSequencer } from '#core/log/sequencer.ts'
import { goTilePath, tilePath } from '#core/log/tile-path.ts'
import { nodesOf } from '#core/log/tiles.ts'
import { verifyRelease } from '#core/log/verify-release.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { buildGoVerifier, type GoVerifier, missingGo } from '#test/go-verifier.ts'
import { newUser, type ServedRegistry, serveTestApp } from '#test/served.ts'

const ENTRIES = 300

async function logVersions(app: App, versions: readonly string[]): Promise<void> {
  await change(app, async (tx) => {
    for (const version of versions) {
      await appendLog(app, tx, {
        event: 'publish',
        ecosystem: 'oci',
        name: 'acme/web',
        version,
        digest: `sha256:${version}`,
      })
    }
  })
}

const versions = (from: number, to: number, word = 'v') =>
  Array.from({ length: to - from }, (_, index) => `${word}1.0.${from + index}`)

interface Served {
  readonly registry: ServedRegistry
  readonly sequencer: Sequencer
  readonly web: TestPackage
  get(path: string, headers?: Record<string, string>): Promise<Response>
  stop(): Promise<void>
}

async function serveLog(origin?: string): Promise<Served> {
  const registry = await serveTestApp({ logOrigin: origin })
  const web = await addPackage(registry.app, 'acme', 'web')
  const sequencer = startSequencer(registry.app, { pollMs: 50, pauseMs: 5 })
  await sequencer.idle()
  return {
    registry,
    sequencer,
    web,
    get: (path, headers = {}) => fetch(`${registry.url}/log/${path}`, { headers }),
    async stop() {
      await sequencer.stop()
      await registry.stop()
    },
  }
}

describe('/log/', () => {
  let served: Served
  let get: Served['get']
  let app: App
  let origin: string

  before(async () => {
    served = await serveLog()
    get = served.get
    app = served.registry.app
    origin = `${new URL(served.registry.url).host}/log`
  })
  after(() => served.stop())

  const text = async (path: string) => {
    const response = await get(path)
    assert.equal(response.status, 200, path)
    return await response.text()
  }
  const bytes = async (path: string) => {
    const response = await get(path)
    assert.equal(response.status, 200, path)
    assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable')
    return new Uint8Array(await response.arrayBuffer())
  }
  const about = async () =>
    (await (await get('')).json()) as { size: number; verifierKeys: string[]; origin: string }
  const verifiers = async () => (await about()).verifierKeys.map(parseVerifier)

  test('is there from the start, signed and empty', async () => {
    const found = await about()
    assert.equal(found.size, 0)
    assert.equal(found.origin, origin)
    const checkpoint = openCheckpoint(await text('checkpoint'), origin, await verifiers())
    assert.equal(checkpoint.size, 0)
    assert.equal((await get('tile/0/000.p/1')).status, 404)
    const page = await get('', { accept: 'text/html' })
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    assert.ok((await page.text()).includes(`<code>${found.verifierKeys[0]?.slice(0, 10)}`))
  })

  test('tiles, entries and checkpoint agree, in both forms', async () => {
    await logVersions(app, versions(0, ENTRIES))
    await served.sequencer.idle()
    const note = await get('checkpoint')
    assert.equal(note.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.match(note.headers.get('cache-control') ?? '', /max-age=1$/)
    const tree = openCheckpoint(await note.text(), origin, await verifiers())
    assert.equal(tree.size, ENTRIES)
    const go = openCheckpoint(await text('latest'), 'go.sum database tree', await verifiers())
    assert.deepEqual(go.root, tree.root)
    for (const pathOf of [tilePath, goTilePath]) {
      const read = nodesOf(async ({ level, number }) => {
        const width = level === 0 ? (number === 0 ? 256 : ENTRIES - 256) : 1
        const tile = await bytes(pathOf({ kind: 'hashes', level, number, width }))
        assert.equal(tile.length, width * 32)
        return tile
      })
      assert.deepEqual(await rootHash(read, ENTRIES), tree.root)
    }
    const bundles = [await bytes('tile/entries/000'), await bytes('tile/entries/001.p/44')]
    const entries = bundles.flatMap(parseEntryBundle)
    assert.equal(entries.length, ENTRIES)
    assert.equal(
      Buffer.from(entries[7] ?? []).toString(),
      'oci/acme/web v1.0.7 publish sha256:v1.0.7\n',
    )
    const records = await bytes('tile/8/data/000.p/2')
    assert.equal(
      String(Buffer.from(records)),
      'oci/acme/web v1.0.0 publish sha256:v1.0.0\n\noci/acme/web v1.0.1 publish sha256:v1.0.1\n\n',
    )
    for (const path of ['tile/0/001', 'tile/0/001.p/45', 'tile/0/002.p/1', 'tile/1/000.p/2']) {
      assert.equal((await get(path)).status, 404, path)
    }
    for (const path of [
      'tile/0/0',
      'tile/x',
      'tile/entries/2',
      'nothing',
      'tile/8/data/001.p/45',
    ]) {
      assert.equal((await get(path)).status, 404, path)
    }
  })

  test('answers from memory are the same, and end when the log grows', async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
      assert.equal((await bytes('tile/0/000')).length, 8192)
      assert.equal((await text('checkpoint')).split('\n')[1], String(ENTRIES))
    }
    await logVersions(app, ['later'])
    await served.sequencer.idle()
    assert.equal((await text('checkpoint')).split('\n')[1], String(ENTRIES + 1))
    // A partial tile that had a checkpoint stays.
    assert.equal((await bytes('tile/0/001.p/44')).length, 44 * 32)
  })

  test('lookup proves a release that was published a moment ago', async () => {
    const version = await publish(app, served.web, [])
    const response = await get(`lookup/oci/acme/web/${version}`)
    assert.equal(response.status, 200)
    const found = (await response.json()) as {
      entry: { record: string; version: string; digest: string }
      index: number
      treeSize: number
      proof: string[]
      checkpoint: string
      events: unknown[]
    }
    const tree = openCheckpoint(found.checkpoint, origin, await verifiers())
    const leaf = leafHash(found.entry.record)
    const { index } = found
    assert.ok(isIncluded(tree, { index, leaf, proof: found.proof.map(parseHash) }))
    assert.equal(found.entry.record, `oci/acme/web ${version} publish ${version}\n`)
    assert.equal(found.events.length, 1)
    const file = await text(`lookup/oci/acme/web/${encodeURIComponent(version)}.tlog-proof`)
    const release = { ecosystem: 'oci', name: 'acme/web', version, digest: version }
    assert.ok(verifyRelease(file, release, { origin, verifiers: await verifiers() }))
    const go = await text(`lookup/oci/acme/web@${version}`)
    assert.ok(go.startsWith(`${index}\n${found.entry.record}\ngo.sum database tree\n`))
    for (const path of ['oci/acme/web/v9', 'oci/acme/none/v1', 'xyz/a/b', 'oci/acme/web@v9']) {
      const refused = await get(`lookup/${path}`)
      assert.equal(refused.status, 404, path)
      assert.equal(refused.headers.get('content-type'), 'application/problem+json')
    }
    for (const path of [
      'lookup/oci',
      'lookup/oci/web',
      'lookup/oci//v1',
      'lookup/@',
      'lookup/%ff/a/b',
    ]) {
      assert.ok([400, 404].includes((await get(path)).status), path)
    }
  })

  test('proofs for any two trees', async () => {
    const { size } = await about()
    const json = async (path: string) => (await (await get(path)).json()) as { proof: string[] }
    const head = async (size: number) => ({
      size,
      root: await rootHash(
        nodesOf(async ({ level, number }, width) =>
          bytes(tilePath({ kind: 'hashes', level, number, width })),
        ),
        size,
      ),
    })
    const [old, tree] = [await head(77), await head(size)]
    const { proof } = await json(`proof/consistency?from=77&to=${size}`)
    assert.ok(isConsistent(old, tree, proof.map(parseHash)))
    const included = await json(`proof/inclusion?index=5&size=77`)
    const leaf = leafHash('oci/acme/web v1.0.5 publish sha256:v1.0.5\n')
    assert.ok(isIncluded(old, { index: 5, leaf, proof: included.proof.map(parseHash) }))
    const wrong = {
      [`proof/consistency?from=5&to=${size + 1}`]: 404,
      'proof/consistency?from=6&to=5': 400,
      'proof/consistency?from=a&to=5': 400,
      'proof/consistency': 400,
      'proof/inclusion?index=5&size=5': 400,
      'proof/inclusion?index=-1&size=5': 400,
      'proof/inclusion?index=1&size=99999999999999999999': 400,
    }
    for (const [path, status] of Object.entries(wrong)) {
      assert.equal((await get(path)).status, status, path)
    }
  })

  test('of private packages strangers hear nothing', async () => {
    const secret = await addPackage(app, 'hidden', 'thing')
    await change(app, (tx) =>
      tx
        .updateTable('packages')
        .set({ visibility: 'private' })
        .where('id', '=', secret.id)
        .execute(),
    )
    const content = newContent()
    await push(app, secret, content)
    const version = await publish(app, secret, [content])
    await served.sequencer.idle()
    const operator = await newUser(app, 'olga', { isOperator: true })
    const path = `lookup/oci/hidden/thing/${version}`
    const [stranger, none] = [await get(path), await get(path.replace('thing', 'think'))]
    assert.equal(stranger.status, 404)
    const bodies = await Promise.all([stranger, none].map((one) => one.json() as Promise<object>))
    const [told, untold] = bodies.map((body) => ({ ...body, requestId: '' }))
    assert.deepEqual(JSON.stringify(told).replace('thing', 'think'), JSON.stringify(untold))
    const authorization = `Bearer ${operator.secret}`
    const member = await get(path, { authorization })
    assert.equal(member.status, 200)
    const { entry } = (await member.json()) as { entry: { record: string; salt: string } }
    assert.match(entry.record, /^private /)
    assert.match(entry.salt, /^[0-9a-f]{32}$/)
    const file = await (await get(`${path}.tlog-proof`, { authorization })).text()
    const release = { ecosystem: 'oci', name: 'hidden/thing', version, digest: version }
    assert.ok(verifyRelease(file, release, { origin, verifiers: await verifiers() }))
    const { size } = await about()
    const last = Math.floor(size / 256)
    const entries = Buffer.from(await bytes(`tile/entries/00${last}.p/${size % 256}`))
    assert.ok(entries.includes('private '))
    assert.ok(!entries.includes('hidden') && !entries.includes('thing'))
    assert.ok(!entries.includes(version))
    assert.equal((await get(path)).status, 404)
  })
})

describe('the log, verified by the Go project’s own code', () => {
  const absent = missingGo()
  const options = absent === undefined ? {} : { skip: absent }
  const NAME = 'log.example.org/log'
  let go: GoVerifier
  let honest: Served
  let forked: Served

  before(async () => {
    if (absent !== undefined) return
    go = await buildGoVerifier()
    honest = await serveLog(NAME)
    forked = await serveLog(NAME)
    // The same key, name and first entries; then the histories part.
    for (const { registry, sequencer } of [honest, forked]) {
      await logVersions(registry.app, versions(0, 280))
      await sequencer.idle()
    }
  })
  after(async () => {
    if (absent !== undefined) return
    await honest.stop()
    await forked.stop()
    await go.close()
  })

  const keyOf = async ({ get }: Served) => {
    const { verifierKeys } = (await (await get('')).json()) as { verifierKeys: string[] }
    return verifierKeys[0] ?? ''
  }
  const lookup = async (served: Served, state: string, version: string) => {
    const dir = join(go.dir, state)
    await mkdir(dir, { recursive: true })
    const url = `${served.registry.url}/log`
    return await go.run('lookup', await keyOf(served), url, dir, 'any.name/oci/acme/web', version)
  }

  test('accepts records, and that the log grew', options, async () => {
    const first = await lookup(honest, 'growing', 'v1.0.3')
    assert.equal(first.status, 0, first.stderr)
    assert.ok(first.stdout.startsWith('3\noci/acme/web v1.0.3 publish sha256:v1.0.3\n\n'))
    await logVersions(honest.registry.app, versions(280, 600))
    await honest.sequencer.idle()
    const second = await lookup(honest, 'growing', 'v1.0.599')
    assert.equal(second.status, 0, second.stderr)
    const third = await lookup(honest, 'growing', 'v1.0.3')
    assert.equal(third.status, 0, third.stderr)
  })

  test('finds every tile and entry right in C2SP’s form', options, async () => {
    const url = `${honest.registry.url}/log`
    const audited = await go.run('audit', await keyOf(honest), url)
    assert.equal(audited.status, 0, audited.stderr)
    assert.equal(audited.stdout, 'audited 600\n')
  })

  test('rejects a fork, a wrong key, and changed entries', options, async () => {
    assert.equal((await lookup(honest, 'fork', 'v1.0.599')).status, 0)
    const { registry, sequencer } = forked
    await logVersions(registry.app, versions(0, 400, 'w'))
    await sequencer.idle()
    const caught = await lookup(forked, 'fork', 'w1.0.5')
    assert.notEqual(caught.status, 0)
    assert.match(caught.stderr, /SECURITY ERROR|inconsistent tile/)
    // The tree that the go command remembered of the honest log, checked against both.
    const remembered = join(go.dir, 'fork', 'latest')
    await logVersions(honest.registry.app, ['more'])
    await honest.sequencer.idle()
    const grown = async (served: Served) =>
      await go.run('grown', await keyOf(served), `${served.registry.url}/log`, remembered)
    assert.deepEqual(await grown(honest), { status: 0, stdout: '', stderr: '' })
    const split = await grown(forked)
    assert.equal(split.status, 3, split.stderr)
    assert.match(split.stderr, /two histories: 600 is not the beginning of 680/)
    const wrong = `${NAME}+${(await keyOf(honest)).split('+')[1]}+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k`
    assert.equal((await go.run('audit', wrong, `${registry.url}/log`)).status, 1)
    await change(registry.app, (tx) =>
      tx
        .updateTable('logEntries')
        .set({ record: 'oci/acme/web v1.0.9 publish sha256:forged\n' })
        .where('position', '=', 9)
        .execute(),
    )
    const audited = await go.run('audit', await keyOf(forked), `${registry.url}/log`)
    assert.equal(audited.status, 1)
    assert.match(audited.stderr, /entry 9 is not the one that was hashed/)
  })
})

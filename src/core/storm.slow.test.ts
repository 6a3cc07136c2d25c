import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OpenApp } from '#compose.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import {
  type Descriptor,
  digestOf,
  jsonOf,
  type Manifest,
  makeImage,
  mediaTypes,
  OciClient,
  randomBytes,
  textOf,
} from '#test/oci-client.ts'
import { createTestDatabase } from '#test/postgres.ts'
import { newUser } from '#test/served.ts'
import { openData, type ServerProcess, startServerProcess } from '#test/server-process.ts'
import { collectGarbage } from './blobs/collect.ts'
import { verify } from './verify/verify.ts'

const PUSHES = 50
const TIMEOUT = { timeout: 180_000 }

/** Two real processes on one data directory, and this one looking at the same data. */
describe('two processes on one registry', () => {
  let servers: ServerProcess[]
  let clients: OciClient[]
  let opened: OpenApp
  let release: () => Promise<void>

  before(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'entrepot-storm-'))
    const database = await createTestDatabase()
    const data = { dataDir, databaseUrl: database?.url }
    opened = await openData(data)
    const ann = await newUser(opened.app, 'ann', { namespaces: ['acme'] })
    servers = await Promise.all([startServerProcess(data), startServerProcess(data)])
    clients = servers.map(({ url }) => new OciClient(url, `Bearer ${ann.secret}`))
    release = async () => {
      await Promise.all(servers.map((server) => server.kill()))
      await opened.close()
      await rm(dataDir, { recursive: true, force: true })
      await database?.drop()
    }
  })

  after(() => release())

  /** Alternates between the two processes. */
  const client = (index: number): OciClient => clients[index % clients.length] as OciClient
  const times = (count: number) => Array.from({ length: count }, (_, index) => index)

  async function verifyClean(): Promise<void> {
    const problems: unknown[] = []
    await verify(opened.app, { checkBytes: true, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
  }

  async function eventually(check: () => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await check()
      } catch (error) {
        // PostgreSQL tells the other process a moment after the commit.
        if (attempt === 50) throw error
        await sleep(20)
      }
    }
  }

  async function digestOfTag(who: OciClient, repository: string, tag: string): Promise<string> {
    const answer = await who.get(`/v2/${repository}/manifests/${tag}`)
    assert.equal(answer.status, 200, textOf(answer))
    return digestOf(answer.bytes)
  }

  async function makeImages(repository: string, count: number): Promise<Manifest[]> {
    return Promise.all(
      times(count).map(async (index) => {
        const config = await client(index).pushBlob(repository, randomBytes(40), mediaTypes.config)
        return makeImage(config, [await client(index + 1).pushBlob(repository, randomBytes(400))])
      }),
    )
  }

  test(`${PUSHES} pushes of one new package at once are all kept`, TIMEOUT, async () => {
    const images = await Promise.all(
      times(PUSHES).map((index) => client(index).pushImage('acme/fresh', `t${index}`)),
    )
    await eventually(async () => {
      for (const who of clients) {
        const list = jsonOf<{ tags: string[] }>(await who.get('/v2/acme/fresh/tags/list'))
        assert.equal(list.tags.length, PUSHES)
      }
    })
    for (const [index, image] of images.entries()) {
      assert.equal(await digestOfTag(client(index + 1), 'acme/fresh', `t${index}`), image.digest)
    }
    await verifyClean()
  })

  test(`${PUSHES} pushes of one tag at once: all kept, one of them wins`, TIMEOUT, async () => {
    const images = await makeImages('acme/tag', PUSHES)
    await Promise.all(
      images.map((image, index) => client(index).pushManifest('acme/tag', image, 'latest')),
    )
    for (const [index, image] of images.entries()) {
      const answer = await client(index + 1).get(`/v2/acme/tag/manifests/${image.digest}`)
      assert.deepEqual(Buffer.from(answer.bytes), Buffer.from(image.bytes))
    }
    const digests = images.map(({ digest }) => digest)
    await eventually(async () => {
      const seen = await Promise.all(clients.map((who) => digestOfTag(who, 'acme/tag', 'latest')))
      assert.ok(digests.includes(seen[0] ?? ''))
      assert.equal(new Set(seen).size, 1, 'the two processes disagree about a tag at rest')
    })
    await verifyClean()
  })

  test(
    'after every acknowledged move of a tag, the process that moved it says so',
    TIMEOUT,
    async () => {
      const images = await makeImages('acme/moves', 20)
      for (const [index, image] of images.entries()) {
        await client(index).pushManifest('acme/moves', image, 'latest')
        assert.equal(await digestOfTag(client(index), 'acme/moves', 'latest'), image.digest)
        await eventually(async () => {
          assert.equal(await digestOfTag(client(index + 1), 'acme/moves', 'latest'), image.digest)
        })
      }
    },
  )

  test('one blob pushed by 20 at once is stored once', TIMEOUT, async () => {
    const bytes = randomBytes(50_000)
    const digest = digestOf(bytes)
    await Promise.all(
      times(20).map((index) => client(index).pushBlob(`acme/same${index % 4}`, bytes)),
    )
    for (const index of times(4)) {
      const answer = await client(index).get(`/v2/acme/same${index}/blobs/${digest}`)
      assert.equal(digestOf(answer.bytes), digest)
    }
    const hex = digest.slice('sha256:'.length)
    await eventually(async () => {
      const later = new Date(Date.now() + 60_000)
      const files = await Array.fromAsync(opened.app.blobs.listLocators(later))
      assert.equal(files.filter((locator) => locator.includes(hex)).length, 1)
    })
    await verifyClean()
  })

  test(
    'collection, deletes and mounts race pushes: what is acknowledged stays',
    TIMEOUT,
    async () => {
      const shared = await client(0).pushBlob('acme/source', randomBytes(1000))
      const config = await client(0).pushBlob('acme/source', randomBytes(30), mediaTypes.config)
      // The source keeps them; what races is who else has them.
      await client(0).pushManifest('acme/source', makeImage(config, [shared]), 'kept')
      const stopped = new AbortController()
      const later = () => new Date(Date.now() + 1_000)
      const impatient = {
        ...opened.app,
        clock: later,
        settings: { ...opened.app.settings, gcGraceSeconds: 0 },
      }
      const collecting = (async () => {
        while (!stopped.signal.aborted) {
          await collectGarbage(impatient, { dryRun: false })
          await sleep(20)
        }
      })()
      const kept = await Promise.all(
        times(40).map((index) =>
          pushMounted(client(index), `acme/target${index % 5}`, { index, blobs: [config, shared] }),
        ),
      )
      stopped.abort()
      await collecting
      for (const { repository, image } of kept) {
        const answer = await client(0).get(`/v2/${repository}/manifests/${image.digest}`)
        assert.equal(answer.status, 200, textOf(answer))
        for (const blob of [config, shared]) {
          const read = await client(1).get(`/v2/${repository}/blobs/${blob.digest}`)
          assert.equal(digestOf(read.bytes), blob.digest, textOf(read))
        }
      }
      await verifyClean()
    },
  )

  /** With no grace time a blob may go before the manifest comes: then that is said, and all begins again. */
  async function pushMounted(
    who: OciClient,
    repository: string,
    { index, blobs }: { index: number; blobs: [Descriptor, Descriptor] },
  ) {
    const [config, layer] = blobs
    const image = makeImage(config, [layer], { annotations: { index: String(index) } })
    for (let attempt = 0; attempt < 200; attempt++) {
      for (const { digest } of blobs) {
        const query = `mount=${digest}&from=acme/source`
        const mount = await who.request('POST', `/v2/${repository}/blobs/uploads/?${query}`)
        assert.equal(mount.status, 201, textOf(mount))
      }
      if (index % 4 === 0 && attempt === 0) {
        const gone = await who.delete(`/v2/${repository}/blobs/${layer.digest}`)
        assert.ok([202, 404, 405].includes(gone.status), textOf(gone))
      }
      const answer = await who.putManifest(repository, `t${index}`, image)
      if (answer.status === 201) return { repository, image }
      assert.equal(answer.status, 404, textOf(answer))
      assert.match(textOf(answer), /MANIFEST_BLOB_UNKNOWN/)
    }
    assert.fail('200 times collection was faster: the test shows nothing')
  }
})

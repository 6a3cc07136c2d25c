import assert from 'node:assert/strict'
import { digestOf, locationOf, randomBytes, randomWord } from '#test/oci-client.ts'
import { expectBlob, expectError, expectStatus } from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

/** end-11: cross-repository mounts, and that they tell nobody what exists elsewhere. */
export const mountTests: ConformanceTests = {
  'end-11: mounting from a readable repository is 201 with a Location': async (world) => {
    const { client } = world
    const [source, target] = [world.newRepository(), world.newRepository()]
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const bytes = randomBytes(80)
      const { digest } = await client.pushBlob(source, bytes, undefined, algorithm)
      const answer = expectStatus(await mount(world, target, { digest, from: source }), 201)
      expectStatus(await client.get(locationOf(answer)), 200)
      await expectBlob(client, target, { digest, bytes })
    }
  },

  'end-11: a mounted blob can be named by a manifest': async (world) => {
    const { client } = world
    const [source, target] = [world.newRepository(), world.newRepository()]
    const image = await client.pushImage(source)
    const { config, layers } = JSON.parse(new TextDecoder().decode(image.bytes))
    for (const { digest } of [config, ...layers]) {
      expectStatus(await mount(world, target, { digest, from: source }), 201)
    }
    await client.pushManifest(target, image, 'mounted')
  },

  'end-11: mounting without from finds the blob or opens a session': async (world) => {
    const { client } = world
    const bytes = randomBytes(80)
    const { digest } = await client.pushBlob(world.newRepository(), bytes)
    const target = world.newRepository()
    const answer = expectStatus(await mount(world, target, { digest }), [201, 202])
    if (answer.status === 202) {
      expectStatus(await client.finish(locationOf(answer), digest, bytes), 201)
    }
    await expectBlob(client, target, { digest, bytes })
  },

  'end-11: mounting what is not there opens a session that works': async (world) => {
    const { client } = world
    const source = world.newRepository()
    await client.pushBlob(source, randomBytes(5))
    for (const from of [source, world.newRepository(), `no-such-${randomWord()}/x`]) {
      const [target, bytes] = [world.newRepository(), randomBytes(30)]
      const digest = digestOf(bytes)
      const answer = expectStatus(await mount(world, target, { digest, from }), 202)
      expectStatus(await client.finish(locationOf(answer), digest, bytes), 201)
      await expectBlob(client, target, { digest, bytes })
    }
  },

  'end-11: a malformed digest is 400, or a session': async (world) => {
    const target = world.newRepository()
    const answer = await mount(world, target, { digest: 'sha256:baddigeststring', from: target })
    if (answer.status !== 202) expectError(answer, 400, 'DIGEST_INVALID')
  },

  'end-11: mounting from a repository the caller may not read is a session, not an oracle': async (
    world,
  ) => {
    const { client, fixture } = world
    const source = world.newRepository()
    const bytes = randomBytes(80)
    const { digest } = await client.pushBlob(source, bytes)
    await client.pushImage(source, 'v1')
    await fixture.setVisibility(source, 'private')
    const target = `${fixture.strangerNamespace}/conf-${randomWord()}`
    const absent = digestOf(randomBytes(80))
    const hidden = await strangerMount(world, target, { digest, from: source })
    const unknown = await strangerMount(world, target, { digest: absent, from: source })
    const nowhere = await strangerMount(world, target, { digest, from: world.newRepository() })
    const anywhere = await strangerMount(world, target, { digest })
    const names = (answer: { headers: Headers }) => [...answer.headers.keys()].sort()
    for (const answer of [hidden, unknown, nowhere, anywhere]) {
      expectStatus(answer, 202)
      assert.deepEqual(names(answer), names(hidden))
      assert.equal(answer.bytes.length, hidden.bytes.length)
    }
    expectStatus(await world.stranger.get(`/v2/${target}/blobs/${digest}`), 404)
  },

  'end-11: mounting into a repository the caller may not push to is refused': async (world) => {
    const { client } = world
    const [source, target] = [world.newRepository(), world.newRepository()]
    const { digest } = await client.pushBlob(source, randomBytes(80))
    await client.pushBlob(target, randomBytes(5))
    const answer = await strangerMount(world, target, { digest, from: source })
    expectError(answer, [401, 403, 404])
    expectStatus(await client.get(`/v2/${target}/blobs/${digest}`), 404)
  },
}

type MountSource = { digest: string; from?: string }

function mount({ client }: World, target: string, source: MountSource) {
  return client.request('POST', mountPath(target, source))
}

function strangerMount({ stranger }: World, target: string, source: MountSource) {
  return stranger.request('POST', mountPath(target, source))
}

function mountPath(target: string, { digest, from }: MountSource): string {
  const query = from === undefined ? '' : `&from=${from}`
  return `/v2/${target}/blobs/uploads/?mount=${digest}${query}`
}

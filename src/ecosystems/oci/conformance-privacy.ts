import assert from 'node:assert/strict'
import { digestOf, jsonOf, type OciClient, randomBytes, textOf } from '#test/oci-client.ts'
import { allPages, expectError, expectStatus } from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

/** Who may see what: public for everybody, private “not found” for strangers. */
export const privacyTests: ConformanceTests = {
  'end-2, end-3, end-8, end-12: everybody reads a public repository': async (world) => {
    const { anonymous, stranger, paths } = await pushed(world, 'public')
    for (const caller of [stranger, anonymous]) {
      for (const path of Object.values(paths)) expectStatus(await caller.get(path), 200)
    }
  },

  'end-2, end-3, end-8: a private repository looks unknown to a stranger': async (world) => {
    const hidden = await pushed(world, 'private')
    const unknown = pathsOf(world.newRepository(), hidden.digest)
    for (const name of ['tag', 'digest', 'blob', 'tags'] as const) {
      const found = expectError(await world.stranger.get(hidden.paths[name]), 404)
      const absent = expectError(await world.stranger.get(unknown[name]), 404)
      const code = (answer: typeof found) =>
        jsonOf<{ errors: { code: string }[] }>(answer).errors[0]?.code
      assert.equal(code(found), code(absent), name)
    }
    expectStatus(await world.client.get(hidden.paths.tag), 200)
  },

  'end-12a: referrers of a private repository tell a stranger nothing': async (world) => {
    const { stranger, paths, newRepository, digest } = await pushed(world, 'private')
    const hidden = await stranger.get(paths.referrers)
    const unknown = await stranger.get(pathsOf(newRepository(), digest).referrers)
    assert.equal(hidden.status, unknown.status)
    if (hidden.status === 200) assert.equal(textOf(hidden), textOf(unknown))
  },

  'end-2, end-3: a private repository asks an anonymous caller for credentials': async (world) => {
    const { anonymous, paths, repository } = await pushed(world, 'private')
    const unknown = pathsOf(world.newRepository(), digestOf(randomBytes(9)))
    for (const path of [paths.tag, paths.digest, paths.tags, unknown.tag, unknown.tags]) {
      const answer = expectError(await anonymous.get(path), 401, 'UNAUTHORIZED')
      assert.ok(answer.headers.get('www-authenticate'), repository)
    }
  },

  'catalog: shows a stranger the public repositories only': async (world) => {
    const [open, hidden] = [await pushed(world, 'public'), await pushed(world, 'private')]
    const listed = await catalog(world.stranger)
    assert.ok(listed.includes(open.repository))
    assert.ok(!listed.includes(hidden.repository))
    assert.ok((await catalog(world.client)).includes(hidden.repository))
  },

  'end-5, end-6, end-13, end-14: a session is of no use to a stranger': async (world) => {
    const { client, stranger, anonymous, repository } = await pushed(world, 'public')
    const bytes = randomBytes(30)
    const location = await client.startUpload(repository)
    for (const caller of [stranger, anonymous]) {
      const answers = [
        await caller.get(location),
        await caller.patch(location, bytes, 0),
        await caller.finish(location, digestOf(bytes), bytes),
        await caller.delete(location),
      ]
      for (const answer of answers) expectError(answer, [401, 403, 404])
    }
    expectStatus(await client.finish(location, digestOf(bytes), bytes), 201)
  },

  'end-4a, end-7a: a stranger pushes nothing': async (world) => {
    const { stranger, repository, image, paths } = await pushed(world, 'public')
    const path = `/v2/${repository}/blobs/uploads/`
    expectError(await stranger.request('POST', path), [401, 403], 'DENIED', 'UNAUTHORIZED')
    const put = await stranger.putManifest(repository, 'v1', image)
    expectError(put, [401, 403], 'DENIED', 'UNAUTHORIZED')
    expectStatus(await stranger.get(paths.tag), 200)
  },

  'end-4a: pushing into a namespace that does not exist is 403 DENIED': async (world) => {
    const path = `/v2/no-such-${digestOf(randomBytes(9)).slice(7, 20)}/app/blobs/uploads/`
    expectError(await world.client.request('POST', path), 403, 'DENIED')
  },
}

async function pushed(world: World, visibility: 'public' | 'private') {
  const repository = world.newRepository()
  const image = await world.client.pushImage(repository, 'v1')
  await world.fixture.setVisibility(repository, visibility)
  const document = JSON.parse(new TextDecoder().decode(image.bytes))
  const paths = { ...pathsOf(repository, image.digest) }
  paths.blob = `/v2/${repository}/blobs/${document.config.digest}`
  return { ...world, repository, image, digest: image.digest, paths }
}

function pathsOf(repository: string, digest: string) {
  const base = `/v2/${repository}`
  return {
    tag: `${base}/manifests/v1`,
    digest: `${base}/manifests/${digest}`,
    blob: `${base}/blobs/${digest}`,
    tags: `${base}/tags/list`,
    referrers: `${base}/referrers/${digest}`,
  }
}

async function catalog(client: OciClient): Promise<string[]> {
  const pages = await allPages(client, '/v2/_catalog')
  return pages.flatMap((page) => jsonOf<{ repositories: string[] }>(page).repositories)
}

import assert from 'node:assert/strict'
import { digestOf, randomBytes, randomWord } from '#test/oci-client.ts'
import { rawRequest } from '#test/raw-http.ts'
import { expectError, expectStatus, listHeader } from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

const hex = 'a'.repeat(64)
const badDigests = [
  'sha256:baddigeststring',
  `sha256:${hex.slice(1)}`,
  `sha256:${hex}a`,
  `sha256:${hex.toUpperCase()}`,
  `sha512:${hex}`,
  `md5:${hex.slice(32)}`,
  'sha256:',
  `sha256:${hex}%00`,
]
const badTags = ['.hidden', '-dash', 'a'.repeat(129), 'a%20b', 'a%2Fb', 'a+b', '%C3%A9', 'a%00']
const badNameTails = [
  'Upper',
  '-dash',
  'dash-',
  '_under',
  'a..b',
  'a___b',
  'a._b',
  '%2e%2e',
  '..',
  'a%00b',
  'a%20b',
  'a%5Cb',
  'a//b',
  'a%2F%2Fb',
  '%C3%A9',
  'a:b',
  'a@b',
  'a'.repeat(300),
]

/** Malformed names, tags, digests and methods: the right status and a body that says why. */
export const errorTests: ConformanceTests = {
  'end-3, end-4a, end-8a: invalid names are 400 or 404 with a body': async (world) => {
    for (const tail of badNameTails) {
      const base = `/v2/${world.fixture.namespace}/${tail}`
      const answers = [
        await raw(world, 'GET', `${base}/tags/list`),
        await raw(world, 'GET', `${base}/manifests/v1`),
        await raw(world, 'POST', `${base}/blobs/uploads/`),
      ]
      for (const answer of answers) expectError(answer, [400, 404])
    }
  },

  'end-4a: an invalid name on push is NAME_INVALID': async (world) => {
    for (const tail of ['Upper', '-dash', 'a..b', 'a___b', 'dash-']) {
      const path = `/v2/${world.fixture.namespace}/${tail}/blobs/uploads/`
      expectError(await raw(world, 'POST', path), [400, 404], 'NAME_INVALID')
    }
  },

  'end-3, end-7a, end-9: invalid tags are 400 or 404 with a body': async (world) => {
    const { client } = world
    const repository = world.newRepository()
    const image = await client.pushImage(repository)
    for (const tag of badTags) {
      const path = `/v2/${repository}/manifests/${tag}`
      expectError(await raw(world, 'GET', path), [400, 404])
      expectError(await raw(world, 'DELETE', path), [400, 404])
      expectError(await client.putManifest(repository, tag, image), [400, 404])
    }
  },

  'end-7a: the longest and oddest valid tags work': async (world) => {
    const { client } = world
    const repository = world.newRepository()
    const image = await client.pushImage(repository)
    for (const tag of ['a'.repeat(128), '_', '_._-', '0', 'v1.0_rc-1', `sha256-${hex}`, 'list']) {
      await client.pushManifest(repository, image, tag)
      expectStatus(await client.get(`/v2/${repository}/manifests/${tag}`), 200)
    }
  },

  'end-2, end-3, end-9, end-10: invalid digests are 400 or 404 with a body': async (world) => {
    const repository = world.newRepository()
    await world.client.pushImage(repository)
    for (const digest of badDigests) {
      for (const kind of ['blobs', 'manifests']) {
        for (const method of ['GET', 'DELETE']) {
          const path = `/v2/${repository}/${kind}/${digest}`
          expectError(await raw(world, method, path), [400, 404])
        }
      }
    }
  },

  'end-2, end-3: HEAD of what is invalid is 400 or 404 without a body': async (world) => {
    const repository = world.newRepository()
    for (const tail of ['blobs/sha256:baddigeststring', 'manifests/-bad', 'manifests/nothing']) {
      const answer = expectStatus(await raw(world, 'HEAD', `/v2/${repository}/${tail}`), [400, 404])
      assert.equal(answer.bytes.length, 0)
    }
  },

  'any: a wrong method is 405 UNSUPPORTED with Allow': async (world) => {
    const repository = world.newRepository()
    await world.client.pushImage(repository, 'v1')
    const digest = digestOf(randomBytes(9))
    const base = `/v2/${repository}`
    const wrong: [method: string, path: string, allowed: string[]][] = [
      ['PUT', '/v2/', ['GET']],
      ['DELETE', '/v2/_catalog', ['GET']],
      ['POST', `${base}/manifests/v1`, ['GET', 'HEAD', 'PUT', 'DELETE']],
      ['PATCH', `${base}/manifests/${digest}`, ['GET', 'HEAD', 'PUT', 'DELETE']],
      ['PUT', `${base}/blobs/${digest}`, ['GET', 'HEAD', 'DELETE']],
      ['POST', `${base}/tags/list`, ['GET']],
      ['POST', `${base}/referrers/${digest}`, ['GET']],
      ['DELETE', `${base}/blobs/uploads/`, ['POST']],
    ]
    for (const [method, path, allowed] of wrong) {
      const answer = expectError(await raw(world, method, path), 405, 'UNSUPPORTED')
      const named = listHeader(answer, 'allow')
      for (const one of allowed) assert.ok(named.includes(one), `${path}: Allow: ${named.join()}`)
      assert.ok(!named.includes(method), `${path} allows the ${method} it refused`)
    }
  },

  'end-1: unknown paths under /v2/ are 404 with a body': async (world) => {
    const repository = world.newRepository()
    const tails = [
      'nothing',
      `${repository}/nothing`,
      `${repository}/manifests`,
      `${repository}/tags`,
    ]
    for (const tail of tails) expectError(await raw(world, 'GET', `/v2/${tail}`), 404)
  },

  'any: Docker-Distribution-API-Version is on every answer': async (world) => {
    const { client, anonymous } = world
    const repository = world.newRepository()
    await client.pushImage(repository, 'v1')
    const answers = [
      await client.get('/v2/'),
      await anonymous.get('/v2/'),
      await client.get(`/v2/${repository}/manifests/v1`),
      await client.get(`/v2/${repository}/manifests/none`),
      await client.get(`/v2/${repository}/tags/list`),
      await client.request('POST', `/v2/${repository}/blobs/uploads/`),
    ]
    for (const answer of answers) {
      const version = answer.headers.get('docker-distribution-api-version')
      assert.equal(version, 'registry/2.0', answer.url)
    }
  },

  'any: odd queries do not fail': async (world) => {
    const { client } = world
    const repository = world.newRepository()
    await client.pushImage(repository, 'v1')
    const queries = ['?', '?=', '?n=%', '?n=2&n=3', '?ns=docker.io', `?last=${randomWord()}%00`]
    for (const query of queries) {
      const answer = await raw(world, 'GET', `/v2/${repository}/tags/list${query}`)
      expectStatus(answer, [200, 400])
      const manifest = await raw(world, 'GET', `/v2/${repository}/manifests/v1${query}`)
      expectStatus(manifest, [200, 400])
    }
  },
}

/** Over a raw socket, because fetch tidies `..` and `%2e` away. */
function raw({ fixture }: World, method: string, path: string) {
  const headers = { Authorization: fixture.authorization, 'Content-Length': '0' }
  return rawRequest(fixture.baseUrl, { method, path, headers })
}

import assert from 'node:assert/strict'
import { digestOf, OciClient, randomBytes } from '#test/oci-client.ts'
import {
  actionsOf,
  bearer,
  challengeOf,
  firstChallenge,
  getToken,
  wrongPassword,
} from './conformance-challenge.ts'
import { expectError, expectStatus } from './conformance-expect.ts'
import type { ConformanceTests } from './conformance-world.ts'

/** end-1 and the 401 answers: what a client learns before it has a token. */
export const authTests: ConformanceTests = {
  'end-1: GET /v2/ with Basic credentials is 200': async ({ client }) => {
    const answer = expectStatus(await client.get('/v2/'), 200)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json\b/)
  },

  'end-1: GET /v2/ without credentials is the 401 that docker login needs': async (world) => {
    expectError(await world.anonymous.get('/v2/'), 401, 'UNAUTHORIZED')
    const challenge = await firstChallenge(world)
    assert.equal(challenge.error, undefined)
    assert.equal(challenge.scope, undefined)
  },

  'end-1: schemes are case-insensitive': async (world) => {
    const { fixture, client } = world
    const { access_token } = await getToken(world, client, [])
    const basic = fixture.authorization.replace(/^Basic/, 'bAsIc')
    for (const authorization of [basic, `bearer ${access_token}`, `BEARER ${access_token}`]) {
      const caller = new OciClient(fixture.baseUrl, authorization)
      expectStatus(await caller.get('/v2/'), 200)
    }
  },

  'end-1: a wrong password is 401': async ({ fixture }) => {
    const caller = new OciClient(fixture.baseUrl, wrongPassword(fixture.authorization))
    expectError(await caller.get('/v2/'), 401, 'UNAUTHORIZED')
  },

  'end-1: an unknown Bearer token is 401 invalid_token': async (world) => {
    const answer = await bearer(world, 'not.a.token').get('/v2/')
    expectError(answer, 401, 'UNAUTHORIZED')
    assert.equal(challengeOf(answer).error, 'invalid_token')
  },

  'end-1: a malformed Authorization is 400 or 401': async ({ fixture }) => {
    for (const authorization of [
      'Basic !!!',
      'Basic',
      'Bearer',
      'Digest x',
      'Basic bm9jb2xvbg==',
    ]) {
      const caller = new OciClient(fixture.baseUrl, authorization)
      expectError(await caller.get('/v2/'), [400, 401], 'UNAUTHORIZED')
    }
  },

  'end-4a: an anonymous push is challenged for pull,push': async (world) => {
    const repository = world.newRepository()
    const path = `/v2/${repository}/blobs/uploads/`
    const answer = await world.anonymous.request('POST', path)
    expectError(answer, 401, 'UNAUTHORIZED')
    const challenge = challengeOf(answer)
    assert.deepEqual(actionsOf(challenge, repository), ['pull', 'push'])
    assert.equal(challenge.service, (await firstChallenge(world)).service)
  },

  'end-7a: an anonymous manifest push is challenged for pull,push': async (world) => {
    const repository = world.newRepository()
    const image = await world.client.pushImage(repository)
    const answer = await world.anonymous.putManifest(repository, 'v1', image)
    expectError(answer, 401, 'UNAUTHORIZED')
    assert.deepEqual(actionsOf(challengeOf(answer), repository), ['pull', 'push'])
  },

  'end-2, end-3: an anonymous pull is challenged for pull': async (world) => {
    const repository = world.newRepository()
    const digest = digestOf(randomBytes(9))
    for (const tail of ['manifests/v1', `manifests/${digest}`, `blobs/${digest}`, 'tags/list']) {
      const answer = await world.anonymous.get(`/v2/${repository}/${tail}`)
      expectError(answer, 401, 'UNAUTHORIZED')
      assert.deepEqual(actionsOf(challengeOf(answer), repository), ['pull'])
      const head = await world.anonymous.head(`/v2/${repository}/${tail}`)
      if (tail !== 'tags/list') assert.deepEqual(actionsOf(challengeOf(head), repository), ['pull'])
    }
  },

  'end-9, end-10: an anonymous delete is challenged for delete': async (world) => {
    const repository = world.newRepository()
    await world.client.pushImage(repository, 'v1')
    for (const tail of ['manifests/v1', `blobs/${digestOf(randomBytes(9))}`]) {
      const answer = await world.anonymous.delete(`/v2/${repository}/${tail}`)
      expectError(answer, 401, 'UNAUTHORIZED')
      const actions = actionsOf(challengeOf(answer), repository)
      assert.ok(actions.includes('delete') || actions.includes('*'), actions.join())
    }
  },

  'end-11: an anonymous mount is challenged for the target': async (world) => {
    const [source, target] = [world.newRepository(), world.newRepository()]
    const query = `?mount=${digestOf(randomBytes(9))}&from=${source}`
    const path = `/v2/${target}/blobs/uploads/${query}`
    const answer = await world.anonymous.request('POST', path)
    expectError(answer, 401, 'UNAUTHORIZED')
    assert.ok(challengeOf(answer).scope?.includes(`repository:${target}:`))
  },
}

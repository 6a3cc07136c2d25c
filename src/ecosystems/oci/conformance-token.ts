import assert from 'node:assert/strict'
import { OciClient, randomBytes, randomWord, textOf } from '#test/oci-client.ts'
import {
  actionsOf,
  basicOf,
  bearer,
  challengeOf,
  expectToken,
  firstChallenge,
  getToken,
  tokenUrl,
  wrongPassword,
} from './conformance-challenge.ts'
import { expectError, expectStatus } from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

/** GET and POST /token, and what the tokens are good for. */
export const tokenTests: ConformanceTests = {
  'token: GET with Basic gives a token that pushes and pulls': async (world) => {
    const repository = world.newRepository()
    const found = await getToken(world, world.client, [`repository:${repository}:pull,push`])
    assert.equal(found.token, found.access_token)
    const caller = bearer(world, found.token)
    expectStatus(await caller.get('/v2/'), 200)
    await caller.pushImage(repository, 'v1')
    expectStatus(await caller.get(`/v2/${repository}/manifests/v1`), 200)
  },

  'token: GET without a scope is docker login': async (world) => {
    const { token } = await getToken(world, world.client, [], '&account=x&client_id=docker')
    expectStatus(await bearer(world, token).get('/v2/'), 200)
  },

  'token: wrong credentials are 401 by GET': async (world) => {
    const caller = new OciClient(world.fixture.baseUrl, wrongPassword(world.fixture.authorization))
    const url = tokenUrl(await firstChallenge(world), [])
    expectError(await caller.get(url), 401, 'UNAUTHORIZED')
  },

  'token: a smaller grant is not an error, its use is 401 insufficient_scope': async (world) => {
    const repository = await publicRepository(world)
    for (const caller of [world.stranger, world.anonymous]) {
      const { token } = await getToken(world, caller, [`repository:${repository}:pull,push`])
      const granted = bearer(world, token)
      expectStatus(await granted.get(`/v2/${repository}/manifests/v1`), 200)
      expectInsufficient(await tryPush(granted, repository), repository)
    }
  },

  'token: a grant tells nobody a private repository from none': async (world) => {
    const [hidden, none] = [await publicRepository(world), world.newRepository()]
    await world.fixture.setVisibility(hidden, 'private')
    for (const caller of [world.stranger, world.anonymous]) {
      const told = []
      for (const repository of [hidden, none]) {
        const found = await getToken(world, caller, [`repository:${repository}:pull,push,delete`])
        const answer = await bearer(world, found.token).get(`/v2/${repository}/manifests/v1`)
        const text = textOf(answer).replaceAll(repository, 'NAME')
        told.push([found.scope?.replace(repository, 'NAME'), answer.status, text])
      }
      assert.deepEqual(told[0], told[1])
    }
  },

  'token: the push of a grant says that the namespace does not exist': async (world) => {
    const repository = `no-such-${randomWord()}/app`
    const { token } = await getToken(world, world.client, [`repository:${repository}:pull,push`])
    expectError(await tryPush(bearer(world, token), repository), 403, 'DENIED')
  },

  'token: a token is good for the scope that was asked, not more': async (world) => {
    const repository = await publicRepository(world)
    const { token } = await getToken(world, world.client, [`repository:${repository}:pull`])
    const caller = bearer(world, token)
    expectStatus(await caller.get(`/v2/${repository}/manifests/v1`), 200)
    expectInsufficient(await tryPush(caller, repository), repository)
    const answer = await caller.delete(`/v2/${repository}/manifests/v1`)
    expectError(answer, 401, 'UNAUTHORIZED')
    assert.equal(challengeOf(answer).error, 'insufficient_scope')
  },

  'token: a token for one repository does not push to another': async (world) => {
    const [mine, other] = [world.newRepository(), world.newRepository()]
    const { token } = await getToken(world, world.client, [`repository:${mine}:pull,push`])
    expectInsufficient(await tryPush(bearer(world, token), other), other)
  },

  'token: several scopes in one token, as a cross-repository mount asks': async (world) => {
    const [source, target] = [world.newRepository(), world.newRepository()]
    const { digest } = await world.client.pushBlob(source, randomBytes(40))
    await world.client.pushImage(source, 'v1')
    await world.fixture.setVisibility(source, 'private')
    const path = `/v2/${target}/blobs/uploads/?mount=${digest}&from=${source}`
    const push = `repository:${target}:pull,push`
    const both = await getToken(world, world.client, [push, `repository:${source}:pull`])
    const one = await getToken(world, world.client, [push])
    const unmounted = await bearer(world, one.token).request('POST', path)
    expectStatus(unmounted, 202)
    expectStatus(await bearer(world, both.token).request('POST', path), 201)
  },

  'token: delete is an action of its own': async (world) => {
    const repository = world.newRepository()
    await world.client.pushImage(repository, 'v1')
    for (const actions of ['pull,push', 'delete', '*']) {
      const { token } = await getToken(world, world.client, [`repository:${repository}:${actions}`])
      const answer = await bearer(world, token).delete(`/v2/${repository}/manifests/v1`)
      expectStatus(answer, actions === 'pull,push' ? 401 : 202)
      await world.client.pushImage(repository, 'v1')
    }
  },

  'token: registry:catalog:* opens the catalog': async (world) => {
    const { token } = await getToken(world, world.client, ['registry:catalog:*'])
    expectStatus(await bearer(world, token).get('/v2/_catalog?n=1'), 200)
  },

  'token: unknown, odd and malformed scopes grant nothing and break nothing': async (world) => {
    const { client, fixture } = world
    const challenge = await firstChallenge(world)
    const name = `${fixture.namespace}/x`
    const scopes = [
      `repository(plugin):${name}:pull`,
      `repository:localhost:5000/${name}:pull`,
      `repository:${name}:fly`,
      'spaceship:x:pull',
      'repository:UPPER:pull',
      'garbage',
      '::',
    ]
    for (const scope of scopes) {
      const answer = await client.get(tokenUrl(challenge, [scope]))
      if (answer.status !== 400) expectToken(answer)
      else expectError(answer, 400)
    }
  },

  'token: offline_token gives a refresh token that POST accepts': async (world) => {
    const repository = world.newRepository()
    const first = await getToken(world, world.client, [], '&offline_token=true&client_id=test')
    assert.ok(first.refresh_token, 'no refresh_token')
    const answer = await postToken(world, {
      grant_type: 'refresh_token',
      refresh_token: first.refresh_token,
      scope: `repository:${repository}:pull,push`,
    })
    const { access_token } = expectToken(answer)
    expectStatus(await tryPush(bearer(world, access_token), repository), 202)
  },

  'token: POST with a password, several scopes and access_type=offline': async (world) => {
    const [one, two] = [world.newRepository(), world.newRepository()]
    const answer = await postToken(world, {
      grant_type: 'password',
      ...basicOf(world.fixture.authorization),
      access_type: 'offline',
      scope: `repository:${one}:pull,push repository:${two}:pull,push`,
    })
    const found = expectToken(answer)
    assert.ok(found.refresh_token, 'no refresh_token')
    assert.ok(found.scope?.includes(one) && found.scope.includes(two), `scope ${found.scope}`)
    for (const repository of [one, two]) {
      expectStatus(await tryPush(bearer(world, found.access_token), repository), 202)
    }
  },

  'token: POST grants a stranger less without an error': async (world) => {
    const repository = await publicRepository(world)
    const answer = await postToken(world, {
      grant_type: 'password',
      ...basicOf(world.fixture.strangerAuthorization),
      scope: `repository:${repository}:pull,push`,
    })
    const { access_token, scope } = expectToken(answer)
    assert.ok(!scope?.includes('push'), `scope ${scope}`)
    expectInsufficient(await tryPush(bearer(world, access_token), repository), repository)
  },

  'token: POST with a wrong password or refresh token is 401': async (world) => {
    const { username } = basicOf(world.fixture.authorization)
    const wrong: Record<string, string>[] = [
      { grant_type: 'password', username, password: 'not-the-password' },
      { grant_type: 'refresh_token', refresh_token: 'nothing' },
    ]
    for (const form of wrong) expectError(await postToken(world, form), 401, 'UNAUTHORIZED')
  },

  'token: POST of an unknown or missing grant type is 400': async (world) => {
    const forms: Record<string, string>[] = [
      {},
      { grant_type: 'magic' },
      { grant_type: 'password' },
    ]
    for (const form of forms) expectError(await postToken(world, form), [400, 401])
  },

  'token: a refresh token is no access token': async (world) => {
    const found = await getToken(world, world.client, [], '&offline_token=true&client_id=test')
    assert.ok(found.refresh_token, 'no refresh_token')
    const path = `/v2/${world.newRepository()}/blobs/uploads/`
    const answer = await bearer(world, found.refresh_token).request('POST', path)
    expectError(answer, 401, 'UNAUTHORIZED')
  },
}

async function publicRepository({ client, fixture, newRepository }: World): Promise<string> {
  const repository = newRepository()
  await client.pushImage(repository, 'v1')
  await fixture.setVisibility(repository, 'public')
  return repository
}

function tryPush(caller: OciClient, repository: string) {
  return caller.request('POST', `/v2/${repository}/blobs/uploads/`)
}

function expectInsufficient(answer: Awaited<ReturnType<typeof tryPush>>, repository: string): void {
  expectError(answer, 401, 'UNAUTHORIZED')
  const challenge = challengeOf(answer)
  assert.equal(challenge.error, 'insufficient_scope')
  assert.deepEqual(actionsOf(challenge, repository), ['pull', 'push'])
}

async function postToken(world: World, form: Record<string, string>) {
  const { realm, service } = await firstChallenge(world)
  return world.anonymous.request('POST', realm, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ service, client_id: 'conformance', ...form }).toString(),
  })
}

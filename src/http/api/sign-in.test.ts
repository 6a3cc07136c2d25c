import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import type { Person } from '#test/actors.ts'
import { type ApiWorld, openApiWorld } from '#test/api-world.ts'
import { codeOf } from '#test/sign-in.ts'

interface Started {
  readonly fetchToken: string
  readonly expiresAt: string
}

interface SignedIn {
  readonly secret: string
  readonly user: string
  readonly session: { readonly id: number; readonly device: string; readonly isCurrent: boolean }
}

interface Sessions {
  readonly items: ReadonlyArray<SignedIn['session']>
  readonly next?: string
}

describe('signing in to the management API', () => {
  let world: ApiWorld
  before(async () => {
    world = await openApiWorld()
  })
  after(() => world.t.close())

  const call: ApiWorld['call'] = (...args) => world.call(...args)
  const start = async (email: string) => {
    const { status, body } = await call('POST', '/api/v1/sign-in', { body: { email } })
    assert.equal(status, 202)
    const { fetchToken } = body as Started
    return { fetchToken, code: codeOf(world.t.mail.sent.at(-1)) }
  }
  const signIn = async (email: string, userAgent = 'test/1') => {
    const proof = await start(email)
    const headers = { 'user-agent': userAgent }
    const { status, body } = await call('POST', '/api/v1/sign-in/fetch', { body: proof, headers })
    assert.equal(status, 201)
    return body as SignedIn
  }
  const as = ({ secret }: SignedIn): { as: Person } => ({ as: { secret } as Person })

  test('begin, type the code, and be somebody', async () => {
    const { status, body } = await call('POST', '/api/v1/sign-in', {
      body: { email: 'ann@example.org' },
    })
    assert.equal(status, 202)
    assert.deepEqual(Object.keys(body as object).sort(), ['expiresAt', 'fetchToken'])
    const made = await signIn('ann@example.org')
    assert.equal(made.user, 'ann')
    assert.equal(made.session.device, 'test/1 at 192.0.2.7')
    assert.equal(made.session.isCurrent, true)
    const who = await call('GET', '/api/v1/whoami', as(made))
    assert.equal((who.body as { name: string }).name, 'user:ann')
    assert.equal((await call('GET', '/api/v1/tokens', as(made))).status, 200)
  })

  test('a wrong code, a used one and a made-up token are one answer', async () => {
    const proof = await start('wrong@example.org')
    const details = new Set<string>()
    const tries = [{ ...proof, code: 'AAAAAAAA' }, proof, proof, { ...proof, fetchToken: 'x' }]
    const statuses: number[] = []
    for (const body of tries) {
      const answer = await call('POST', '/api/v1/sign-in/fetch', { body })
      statuses.push(answer.status)
      if (answer.status === 401) {
        const { code, detail } = answer.body as { code: string; detail: string }
        details.add(`${code} ${detail}`)
      }
    }
    assert.deepEqual(statuses, [401, 201, 401, 401])
    assert.equal(details.size, 1)
  })

  test('what is no address, and what is no sign-in, is refused', async () => {
    for (const body of [{}, { email: 'a' }, { email: 3 }, { email: 'a@b.c', more: 1 }]) {
      assert.equal((await call('POST', '/api/v1/sign-in', { body })).status, 400)
    }
    for (const body of [{}, { fetchToken: 'x' }, { fetchToken: 'x'.repeat(200), code: '' }]) {
      assert.equal((await call('POST', '/api/v1/sign-in/fetch', { body })).status, 400)
    }
  })

  test('sessions: listed, paged, ended one by one, and the shown one by signing out', async () => {
    const first = await signIn('many@example.org', 'first')
    const second = await signIn('many@example.org', 'second')
    const third = await signIn('many@example.org', 'third')
    const list = async (query = '') =>
      (await call('GET', `/api/v1/sessions${query}`, as(second))).body as Sessions
    assert.deepEqual(
      (await list()).items.map(({ device, isCurrent }) => [device.split(' ')[0], isCurrent]),
      [
        ['first', false],
        ['second', true],
        ['third', false],
      ],
    )
    const page = await list('?limit=2')
    assert.equal(page.items.length, 2)
    assert.equal((await list(`?limit=2&after=${page.next}`)).items[0]?.id, third.session.id)

    const path = `/api/v1/sessions/${first.session.id}`
    assert.equal((await call('DELETE', path, as(third))).status, 204)
    assert.equal((await call('GET', '/api/v1/whoami', as(first))).status, 401)
    assert.equal((await call('DELETE', path, { as: world.sam })).status, 404)
    assert.equal((await call('DELETE', path, {})).status, 401)
    assert.equal((await call('DELETE', '/api/v1/session', as(second))).status, 204)
    assert.equal((await call('GET', '/api/v1/whoami', as(second))).status, 401)

    const seen = await call('GET', '/api/v1/sessions?user=many', { as: world.boss })
    assert.deepEqual(
      (seen.body as Sessions).items.map(({ id }) => id),
      [third.session.id],
    )
    assert.equal((await call('GET', '/api/v1/sessions?user=many', { as: world.sam })).status, 403)
    assert.equal((await call('GET', '/api/v1/sessions')).status, 401)
    assert.equal((await call('GET', '/api/v1/sessions', { as: world.restricted })).status, 403)
    assert.equal((await call('GET', '/api/v1/sessions', { as: world.weak })).status, 403)
  })

  test('a token does not sign out, and is no session', async () => {
    assert.equal((await call('DELETE', '/api/v1/session', { as: world.ann })).status, 403)
    assert.equal((await call('DELETE', '/api/v1/session')).status, 401)
    const path = `/api/v1/sessions/${world.ann.tokenId}`
    assert.equal((await call('DELETE', path, { as: world.ann })).status, 404)
  })
})

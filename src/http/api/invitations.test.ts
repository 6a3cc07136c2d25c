import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ApiWorld, openApiWorld } from '#test/api-world.ts'

const PATH = '/api/v1/namespaces/acme/invitations'

describe('/namespaces/{namespace}/invitations', () => {
  let world: ApiWorld
  before(async () => {
    world = await openApiWorld()
  })
  after(() => world.t.close())

  const list = async () =>
    (await world.call('GET', PATH, { as: world.ann })).body as { items: Array<object> }

  test('an address is invited, invited as something else, and not any more', async () => {
    const { call, ann, t } = world
    const path = `${PATH}/Zoe%2Bx%40Example.org`
    for (const role of ['reader', 'admin']) {
      const { status, body } = await call('PUT', path, { as: ann, body: { role } })
      assert.deepEqual([status, body], [204, ''])
    }
    assert.deepEqual((await list()).items, [
      {
        email: 'zoe+x@example.org',
        role: 'admin',
        invitedBy: 'user:ann',
        createdAt: t.clock.now.toISOString(),
        expiresAt: '2026-01-31T00:00:00.000Z',
      },
    ])
    assert.equal((await call('DELETE', path, { as: ann })).status, 204)
    assert.deepEqual((await list()).items, [])
    const { status, body } = await call('DELETE', path, { as: ann })
    assert.deepEqual([status, (body as { code: string }).code], [404, 'not_found'])
  })

  test('the address of an account answers the same, and makes a member', async () => {
    const { call, ann, pat } = world
    const path = `${PATH}/sam%40example.org`
    const { status, body } = await call('PUT', path, { as: ann, body: { role: 'reader' } })
    assert.deepEqual([status, body], [204, ''])
    assert.deepEqual((await list()).items, [])
    const members = async (as: typeof ann) => {
      const { body } = await call('GET', '/api/v1/namespaces/acme/members', { as })
      const { items } = body as { items: Array<{ user: string; role: string; email?: string }> }
      return items.map(({ user, role, email }) => [user, role, email])
    }
    assert.deepEqual((await members(ann)).at(-1), ['sam', 'reader', 'sam@example.org'])
    assert.deepEqual((await members(pat)).at(-1), ['sam', 'reader', undefined])
    await call('DELETE', '/api/v1/namespaces/acme/members/sam', { as: ann })
  })

  test('what is no address or role is refused, and the last admin stays', async () => {
    const { call, ann } = world
    const put = async (email: string, body: object) => {
      const answer = await call('PUT', `${PATH}/${email}`, { as: ann, body })
      return [answer.status, (answer.body as { code: string }).code]
    }
    assert.deepEqual(await put('nobody', { role: 'reader' }), [400, 'invalid_request'])
    assert.deepEqual(await put('a%40b.org', { role: 'owner' }), [400, 'invalid_request'])
    assert.deepEqual(await put('a%40b.org', {}), [400, 'invalid_request'])
    assert.deepEqual(await put('ann%40example.org', { role: 'reader' }), [409, 'last_admin'])
  })
})

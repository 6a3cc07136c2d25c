import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ApiWorld, openApiWorld, publish } from '#test/api-world.ts'

const V1 = '/api/v1/webhooks'
const url = 'https://hooks.example.org/one'
const WHO = [undefined, 'sam', 'rae', 'pat', 'ann', 'boss', 'weak', 'restricted', 'robot'] as const

type Body = Record<string, unknown>

describe('webhooks through the API', () => {
  let world: ApiWorld
  let own: number
  let whole: number

  before(async () => {
    world = await openApiWorld()
    own = await make('ann', { url, namespace: 'acme' })
    whole = await make('boss', { url })
  })
  after(() => world.t.close())

  async function make(who: 'ann' | 'boss', body: Body): Promise<number> {
    const made = await world.call('POST', V1, { as: world[who], body })
    assert.equal(made.status, 201)
    return (made.body as { webhook: { id: number } }).webhook.id
  }

  test('one is made, seen, changed and ended; its secret is shown once', async () => {
    const { call, ann } = world
    const asked = { url, namespace: 'ACME', events: ['yank', 'publish'], ecosystem: 'oci' }
    const made = await call('POST', V1, { as: ann, body: asked })
    assert.equal(made.status, 201)
    const { secret, webhook } = made.body as { secret: string; webhook: Body & { id: number } }
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
    const path = `${V1}/${webhook.id}`
    assert.equal(made.headers.get('location'), path)
    assert.deepEqual(webhook, {
      id: webhook.id,
      namespace: 'acme',
      kind: 'json',
      url,
      events: ['publish', 'yank'],
      ecosystem: 'oci',
      isActive: true,
      isConfigured: false,
      createdAt: webhook.createdAt,
      createdBy: 'user:ann',
    })
    const got = await call('GET', path, { as: ann })
    assert.deepEqual(got.body, webhook)
    const list = await call('GET', `${V1}?namespace=acme`, { as: ann })
    assert.ok(JSON.stringify(list.body).includes(JSON.stringify(webhook)))
    assert.ok(!JSON.stringify([got, list]).includes(secret))
    const change = { isActive: false, ecosystem: null, events: ['remove'] }
    const changed = await call('PATCH', path, { as: ann, body: change })
    const { ecosystem: _, ...rest } = webhook
    assert.deepEqual(changed.body, { ...rest, isActive: false, events: ['remove'] })
    assert.equal((await call('DELETE', path, { as: ann })).status, 204)
    assert.equal((await call('GET', path, { as: ann })).status, 404)
  })

  test('a brought secret is taken; one for docs sites has none', async () => {
    const { call, boss } = world
    const brought = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
    const made = await call('POST', V1, { as: boss, body: { url, secret: brought } })
    assert.equal((made.body as Body).secret, brought)
    const docs = { url, kind: 'form-package-name', ecosystem: 'oci' }
    const { body } = await call('POST', V1, { as: boss, body: docs })
    assert.equal((body as Body).secret, undefined)
    assert.deepEqual((body as { webhook: Body }).webhook.events, ['publish'])
  })

  test('deliveries are listed by page and state, and made again', async () => {
    const { call, ann, t } = world
    await publish(t, 'told-of', ['v1'])
    const ping = await call('POST', `${V1}/${own}/ping`, { as: ann })
    assert.equal(ping.status, 202)
    const { delivery } = ping.body as { delivery: number }
    const list = await call('GET', `${V1}/${own}/deliveries?limit=1`, { as: ann })
    const { items, next } = list.body as { items: Body[]; next: string }
    assert.equal(items.length, 1)
    assert.equal(items[0]?.id, delivery)
    assert.equal(items[0]?.state, 'waiting')
    const more = await call('GET', `${V1}/${own}/deliveries?after=${next}`, { as: ann })
    const [published] = (more.body as { items: Body[] }).items
    assert.equal(JSON.parse(String(published?.body)).name, 'acme/told-of')
    const dead = await call('GET', `${V1}/${own}/deliveries?state=dead`, { as: ann })
    assert.deepEqual(dead.body, { items: [] })
    const again = await call('POST', `${V1}/${own}/redeliver`, { as: ann, body: { delivery } })
    assert.deepEqual([again.status, again.body], [202, { count: 1 }])
    const all = await call('POST', `${V1}/${own}/redeliver`, { as: ann, body: {} })
    assert.deepEqual([all.status, all.body], [202, { count: 0 }])
    // Ids of others' deliveries are no way around.
    const others = { as: world.boss, body: { delivery } }
    assert.equal((await call('POST', `${V1}/${whole}/redeliver`, others)).status, 404)
  })

  for (const [what, body, status] of [
    ['a private address', { url: 'http://192.168.1.1/' }, 422],
    ['another scheme', { url: 'file:///etc/passwd' }, 400],
    ['a URL with a password', { url: 'https://a:b@example.org/' }, 400],
    ['an unknown event', { url, events: ['pizza'] }, 400],
    ['no events', { url, events: [] }, 400],
    ['a ping, which is asked for', { url, events: ['ping'] }, 400],
    ['an unknown kind', { url, kind: 'xml' }, 400],
    ['an unknown field', { url, headers: { authorization: 'x' } }, 400],
    ['a weak secret', { url, secret: 'password' }, 400],
    ['an unknown ecosystem', { url, ecosystem: 'nix' }, 404],
    ['an unknown namespace', { url, namespace: 'nowhere' }, 404],
  ] as const) {
    test(`${what} is refused with ${status}`, async () => {
      const { call, boss } = world
      assert.equal((await call('POST', V1, { as: boss, body })).status, status)
    })
  }

  // sam is a stranger, rae reader, pat publisher, ann admin, boss operator; weak, restricted: ann's.
  test('who may do what', async () => {
    const one = `${V1}/${own}`
    const theirs = `${V1}/${whole}`
    const change = { events: ['publish'] }
    const table: ReadonlyArray<readonly [string, string, string, unknown?]> = [
      //                                     anon sam rae pat ann boss weak restr robot
      ['GET', V1, '401 403 403 403 403 200 403 403 403'],
      ['GET', `${V1}?namespace=acme`, '401 403 403 403 200 200 403 403 403'],
      ['POST', V1, '401 403 403 403 403 201 403 403 403', { url }],
      ['POST', V1, '401 403 403 403 201 201 403 403 403', { url, namespace: 'acme' }],
      ['GET', one, '401 404 404 404 200 200 403 404 404'],
      ['PATCH', one, '401 404 404 404 200 200 403 404 404', change],
      ['GET', `${one}/deliveries`, '401 404 404 404 200 200 403 404 404'],
      ['POST', `${one}/redeliver`, '401 404 404 404 202 202 403 404 404', {}],
      ['POST', `${one}/ping`, '401 404 404 404 202 202 403 404 404'],
      ['GET', theirs, '401 404 404 404 404 200 404 404 404'],
      ['PATCH', theirs, '401 404 404 404 404 200 404 404 404', change],
      ['GET', `${theirs}/deliveries`, '401 404 404 404 404 200 404 404 404'],
      ['POST', `${theirs}/ping`, '401 404 404 404 404 202 404 404 404'],
      ['DELETE', theirs, '401 404 404 404 404 204 404 404 404'],
      ['DELETE', `${V1}/999999`, '401 404 404 404 404 404 404 404 404'],
    ]
    for (const [method, path, statuses, body] of table) {
      const seen: number[] = []
      for (const who of WHO) {
        const as = who === undefined ? {} : { as: world[who] }
        const more = { ...as, ...(body !== undefined && { body }) }
        seen.push((await world.call(method, path, more)).status)
      }
      assert.equal(seen.join(' '), statuses, `${method} ${path}`)
    }
  })
})

import assert from 'node:assert/strict'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { now } from '#core/app.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { type AuditFilter, listAudit } from './list-audit.ts'

describe('the audit', () => {
  let t: TestApp
  let ann: Person
  let bob: Person
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }

  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    bob = await person(t.app, 'bob')
    t.clock.advance(10)
    await createNamespace(t.app, await ann.actor(), { name: 'acme' })
    await createNamespace(t.app, await bob.actor(), { name: 'other' })
    await addMember(t.app, await ann.actor(), 'acme', { user: 'bob', role: 'publisher' })
  })
  after(() => t.close())

  const actions = async (actor: Actor, filter: AuditFilter) =>
    (await listAudit(t.app, actor, filter)).items.map(
      ({ action, subject }) => `${action} ${subject}`,
    )

  test('shows operators everything, newest first, a page at a time', async () => {
    const all = await listAudit(t.app, operator)
    assert.equal(all.items.length, 7)
    const ids = all.items.map(({ id }) => id)
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => b - a),
    )
    const paged: number[] = []
    let after: string | undefined
    do {
      const page = await listAudit(t.app, operator, { limit: 3, ...(after && { after }) })
      paged.push(...page.items.map(({ id }) => id))
      after = page.next
    } while (after)
    assert.deepEqual(paged, ids)
  })

  test('says who, what, when, from where and with which credential', async () => {
    const { items } = await listAudit(t.app, operator, { action: 'member.add' })
    assert.deepEqual(items, [
      {
        id: items[0]?.id,
        at: now(t.app),
        actor: 'user:ann',
        action: 'member.add',
        subject: 'user:bob',
        detail: { namespace: 'acme', role: 'publisher' },
        address: '192.0.2.1',
        credential: `token:${ann.tokenId}`,
        requestId: 'r1',
      },
    ])
  })

  test('filters by namespace, actor, action and time', async () => {
    const acme = ['member.add user:bob', 'namespace.create namespace:acme']
    assert.deepEqual(await actions(await ann.actor(), { namespace: 'ACME' }), acme)
    assert.deepEqual(await actions(operator, { namespace: 'acme', actor: 'user:ann' }), acme)
    assert.deepEqual(await actions(operator, { actor: 'user:bob' }), [
      'namespace.create namespace:other',
    ])
    assert.equal((await actions(operator, { since: now(t.app) })).length, 3)
    assert.equal((await actions(operator, { since: now(t.app) + 1 })).length, 0)
    await assert.rejects(actions(operator, { actor: '\0' }), failsWith('invalid_request'))
    await assert.rejects(actions(operator, { after: 'x' }), failsWith('invalid_request'))
  })

  test('shows nobody else’s', async () => {
    const weak = await credential(t.app, { user: 'ann' }, { scopes: ['read'] })
    const cases: Array<[Actor, AuditFilter, string]> = [
      [nobody, {}, 'unauthenticated'],
      [await ann.actor(), {}, 'forbidden'],
      [nobody, { namespace: 'acme' }, 'unauthenticated'],
      [await bob.actor(), { namespace: 'acme' }, 'forbidden'],
      [await ann.actor(), { namespace: 'other' }, 'forbidden'],
      [await weak.actor(), { namespace: 'acme' }, 'scope_missing'],
      [operator, { namespace: 'nowhere' }, 'namespace_unknown'],
    ]
    for (const [actor, filter, code] of cases) {
      await assert.rejects(listAudit(t.app, actor, filter), failsWith(code))
    }
  })
})

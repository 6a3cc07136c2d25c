import assert from 'node:assert/strict'
import type { Actor } from '#core/access/actor.ts'
import { ANONYMOUS } from '#core/access/actor.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, eventually, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { createUser } from './create-user.ts'
import { disableUser } from './disable-user.ts'
import { findUser } from './find-user.ts'
import { listUsers } from './list-users.ts'
import { setOperator } from './set-operator.ts'
import { viewUser } from './view-user.ts'

describe('accounts', () => {
  let t: TestApp
  let ann: Person
  let boss: Person
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }

  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    boss = await person(t.app, 'boss', { isOperator: true })
  })
  after(() => t.close())

  const actions = (subject: string) =>
    t.app.database.db
      .selectFrom('audit')
      .select(['action', 'actor', 'credential'])
      .where('subject', '=', subject)
      .orderBy('id')
      .execute()

  test('a user is made once per key, and audited', async () => {
    const user = await createUser(t.app, await boss.actor(), {
      name: 'Bob_1',
      email: 'bob@example.org',
    })
    assert.equal(user.name, 'bob_1')
    assert.equal(user.isOperator, false)
    assert.deepEqual(await findUser(t.app.database.db, 'BOB-1'), user)
    await assert.rejects(
      createUser(t.app, operator, { name: 'bob-1', email: 'x@example.org' }),
      failsWith('name_taken'),
    )
    assert.deepEqual(await actions('user:bob_1'), [
      { action: 'user.create', actor: 'user:boss', credential: `token:${boss.tokenId}` },
    ])
  })

  test('two at once: one is made, the other hears that it is taken', async () => {
    const make = (name: string) => createUser(t.app, operator, { name, email: 'r@example.org' })
    const outcomes = await Promise.allSettled([make('race_d'), make('race-d')])
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  })

  for (const email of ['', 'a', '@b', 'a@', 'a b@c.org', 'a@b..c', 'a@-b', 'a\n@b.org', 'a@b\0']) {
    test(`${JSON.stringify(email)} is no e-mail address`, async () => {
      await assert.rejects(
        createUser(t.app, operator, { name: 'mail', email }),
        failsWith('invalid_request'),
      )
    })
  }

  test('only operators with an unrestricted admin credential handle accounts', async () => {
    const weak = await credential(t.app, { user: 'boss' }, { scopes: ['read', 'publish'] })
    const { id } = await createNamespace(t.app, operator, { name: 'bosses', owner: 'boss' })
    const narrow = await credential(t.app, { user: 'boss' }, { onlyNamespaces: [id] })
    const cases: Array<[Actor, string]> = [
      [nobody, 'unauthenticated'],
      [await ann.actor(), 'forbidden'],
      [await weak.actor(), 'scope_missing'],
      [await narrow.actor(), 'forbidden'],
    ]
    for (const [actor, code] of cases) {
      const fails = failsWith(code)
      await assert.rejects(createUser(t.app, actor, { name: 'eve', email: 'e@e.org' }), fails)
      await assert.rejects(listUsers(t.app, actor), fails)
      await assert.rejects(disableUser(t.app, actor, 'ann', true), fails)
      await assert.rejects(setOperator(t.app, actor, 'ann', true), fails)
    }
    assert.equal(await findUser(t.app.database.db, 'eve'), undefined)
  })

  test('users page by key', async () => {
    const first = await listUsers(t.app, operator, { limit: 2 })
    assert.deepEqual(
      first.items.map(({ name }) => name),
      ['ann', 'bob_1'],
    )
    assert.equal(first.next, 'bob-1')
    const rest = await listUsers(t.app, operator, { limit: 50, after: 'bob-1' })
    assert.equal(rest.items[0]?.name, 'boss')
    assert.equal(rest.next, undefined)
    await assert.rejects(listUsers(t.app, operator, { limit: 0 }), failsWith('invalid_request'))
    await assert.rejects(listUsers(t.app, operator, { after: '\0' }), failsWith('invalid_request'))
  })

  test('a locked-out user is out at once, in every process, until let in again', async () => {
    const twin = await t.openTwin()
    const cid = await person(t.app, 'cid')
    assert.equal((await cid.actor(twin)).name, 'user:cid')
    await disableUser(t.app, operator, 'cid', true)
    await disableUser(t.app, operator, 'cid', true)
    await assert.rejects(cid.actor(), failsWith('credential_invalid'))
    await eventually(() => assert.rejects(cid.actor(twin), failsWith('credential_invalid')))
    await disableUser(t.app, operator, 'cid', false)
    assert.equal((await cid.actor()).name, 'user:cid')
    const lines = await actions('user:cid')
    assert.deepEqual(
      lines.map(({ action }) => action),
      ['user.create', 'user.disable', 'user.enable'],
    )
  })

  test('an operator is one from the next request on, and no longer', async () => {
    const dan = await person(t.app, 'dan')
    assert.equal((await dan.actor()).isOperator, false)
    await setOperator(t.app, operator, 'dan', true)
    assert.equal((await dan.actor()).isOperator, true)
    await setOperator(t.app, operator, 'dan', false)
    await setOperator(t.app, operator, 'dan', false)
    assert.equal((await dan.actor()).isOperator, false)
    const lines = await actions('user:dan')
    assert.deepEqual(
      lines.map(({ action }) => action),
      ['user.create', 'operator.add', 'operator.remove'],
    )
    await assert.rejects(setOperator(t.app, operator, 'nobody', true), failsWith('user_unknown'))
  })

  test('a user sees themselves, an operator everybody, others nobody', async () => {
    assert.equal((await viewUser(t.app, await ann.actor(), 'Ann')).email, 'ann@example.org')
    assert.equal((await viewUser(t.app, await boss.actor(), 'ann')).name, 'ann')
    assert.equal((await viewUser(t.app, operator, 'ann')).name, 'ann')
    await assert.rejects(viewUser(t.app, await ann.actor(), 'boss'), failsWith('user_unknown'))
    await assert.rejects(viewUser(t.app, await ann.actor(), 'nobody'), failsWith('user_unknown'))
    await assert.rejects(viewUser(t.app, nobody, 'ann'), failsWith('unauthenticated'))
  })
})

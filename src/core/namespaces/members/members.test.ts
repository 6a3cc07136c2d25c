import assert from 'node:assert/strict'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { disableUser } from '#core/accounts/disable-user.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { after, before, beforeEach, describe, test } from '#runtime/test.ts'
import { credential, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { addMember } from './add-member.ts'
import { listMembers } from './list-members.ts'
import { removeMember } from './remove-member.ts'

describe('members', () => {
  let t: TestApp
  let ann: Person
  let bob: Person
  let cid: Person
  let eve: Person
  let ns = ''
  let count = 0
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }

  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    bob = await person(t.app, 'bob')
    cid = await person(t.app, 'cid')
    eve = await person(t.app, 'eve')
  })
  // Ann is the admin, Bob a publisher, Cid a reader, Eve a stranger.
  beforeEach(async () => {
    ns = `ns${++count}`
    await createNamespace(t.app, await ann.actor(), { name: ns })
    await addMember(t.app, await ann.actor(), ns, { user: 'bob', role: 'publisher' })
    await addMember(t.app, await ann.actor(), ns, { user: 'cid', role: 'reader' })
  })
  after(() => t.close())

  const roles = async () =>
    (await listMembers(t.app, operator, ns)).items.map(({ user, role }) => `${user} ${role}`)

  test('only admins add, change and remove', async () => {
    const weak = await credential(t.app, { user: 'ann' }, { scopes: ['read', 'publish'] })
    const robot = await credential(t.app, { namespace: ns, role: 'publisher' })
    const cases: Array<[Actor, string]> = [
      [nobody, 'unauthenticated'],
      [await eve.actor(), 'forbidden'],
      [await cid.actor(), 'forbidden'],
      [await bob.actor(), 'forbidden'],
      [await robot.actor(), 'forbidden'],
      [await weak.actor(), 'scope_missing'],
    ]
    for (const [actor, code] of cases) {
      for (const user of ['eve', 'bob', 'nobody']) {
        const added = addMember(t.app, actor, ns, { user, role: 'admin' })
        await assert.rejects(added, failsWith(code), `${actor.name} adds ${user}`)
      }
      await assert.rejects(removeMember(t.app, actor, ns, 'ann'), failsWith(code))
      await assert.rejects(removeMember(t.app, actor, ns, 'nobody'), failsWith(code))
    }
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher', 'cid reader'])
  })

  test('a role is changed in place, takes effect at once, and every change is audited', async () => {
    await addMember(t.app, await ann.actor(), ns, { user: 'CID', role: 'admin' })
    await addMember(t.app, await cid.actor(), ns, { user: 'eve', role: 'reader' })
    await addMember(t.app, await cid.actor(), ns, { user: 'eve', role: 'reader' })
    await removeMember(t.app, await cid.actor(), ns, 'eve')
    await assert.rejects(removeMember(t.app, await cid.actor(), ns, 'eve'), failsWith('not_found'))
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher', 'cid admin'])
    const lines = await t.app.database.db
      .selectFrom('audit')
      .select(['action', 'actor', 'subject', 'detail'])
      .where('action', 'like', 'member.%')
      .orderBy('id', 'desc')
      .limit(3)
      .execute()
    assert.deepEqual(
      lines.map((line) => ({ ...line, detail: JSON.parse(line.detail) })),
      [
        {
          action: 'member.remove',
          actor: 'user:cid',
          subject: 'user:eve',
          detail: { namespace: ns, was: 'reader' },
        },
        {
          action: 'member.add',
          actor: 'user:cid',
          subject: 'user:eve',
          detail: { namespace: ns, role: 'reader' },
        },
        {
          action: 'member.change',
          actor: 'user:ann',
          subject: 'user:cid',
          detail: { namespace: ns, role: 'admin', was: 'reader' },
        },
      ],
    )
  })

  test('everybody may leave, with a credential that is good for it', async () => {
    const weak = await credential(t.app, { user: 'cid' }, { scopes: ['read'] })
    const { id } = await createNamespace(t.app, operator, { name: `away${count}`, owner: 'cid' })
    const away = await credential(t.app, { user: 'cid' }, { onlyNamespaces: [id] })
    for (const who of [weak, away]) {
      await assert.rejects(
        removeMember(t.app, await who.actor(), ns, 'cid'),
        failsWith('forbidden'),
      )
    }
    await removeMember(t.app, await cid.actor(), ns, 'cid')
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher'])
  })

  test('the last admin who can log in neither leaves nor is demoted, not even by operators', async () => {
    for (const actor of [await ann.actor(), operator]) {
      const demoted = addMember(t.app, actor, ns, { user: 'ann', role: 'reader' })
      await assert.rejects(demoted, failsWith('last_admin'))
      await assert.rejects(removeMember(t.app, actor, ns, 'ann'), failsWith('last_admin'))
    }
    await addMember(t.app, operator, ns, { user: 'bob', role: 'admin' })
    await disableUser(t.app, operator, 'bob', true)
    await assert.rejects(removeMember(t.app, operator, ns, 'ann'), failsWith('last_admin'))
    await disableUser(t.app, operator, 'bob', false)
    await removeMember(t.app, operator, ns, 'ann')
    assert.deepEqual(await roles(), ['bob admin', 'cid reader'])
  })

  test('two admins who show each other out at once: one stays', async () => {
    const twin = await t.openTwin()
    for (let round = 0; round < 5; round++) {
      await addMember(t.app, operator, ns, { user: 'ann', role: 'admin' })
      await addMember(t.app, operator, ns, { user: 'bob', role: 'admin' })
      const [asAnn, asBob] = [await ann.actor(), await bob.actor()]
      const outcomes = await Promise.allSettled([
        removeMember(t.app, asAnn, ns, 'bob'),
        removeMember(twin, asBob, ns, 'ann'),
      ])
      const failures = outcomes.filter((outcome) => outcome.status === 'rejected')
      assert.equal(failures.length, 1)
      assert.ok(failsWith('last_admin')(failures[0]?.reason))
      assert.equal((await roles()).filter((role) => role.endsWith(' admin')).length, 1)
    }
  })

  test('members and operators see who is in it, others do not', async () => {
    const robot = await credential(t.app, { namespace: ns, role: 'reader' })
    const blind = await credential(t.app, { user: 'ann' }, { scopes: ['publish'] })
    for (const who of [ann, bob, cid, robot]) {
      assert.equal((await listMembers(t.app, await who.actor(), ns)).items.length, 3)
    }
    await assert.rejects(listMembers(t.app, await eve.actor(), ns), failsWith('forbidden'))
    await assert.rejects(listMembers(t.app, nobody, ns), failsWith('unauthenticated'))
    await assert.rejects(listMembers(t.app, await blind.actor(), ns), failsWith('scope_missing'))
    await assert.rejects(listMembers(t.app, operator, 'nowhere'), failsWith('namespace_unknown'))
    const page = await listMembers(t.app, operator, ns, { limit: 1 })
    assert.equal(page.next, 'ann')
    const rest = await listMembers(t.app, operator, ns, { after: 'ann' })
    assert.deepEqual(
      rest.items.map(({ user }) => user),
      ['bob', 'cid'],
    )
  })
})

import assert from 'node:assert/strict'
import { createUser } from '#core/accounts/create-user.ts'
import { getUser } from '#core/accounts/find-user.ts'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { after, before, beforeEach, describe, test } from '#runtime/test.ts'
import { failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { acceptInvitations } from './accept-invitations.ts'
import { addMember } from './add-member.ts'
import { inviteMember } from './invite-member.ts'
import { listInvitations } from './list-invitations.ts'
import { listMembers } from './list-members.ts'
import { withdrawInvitation } from './withdraw-invitation.ts'

describe('invitations, by two processes at once', () => {
  let t: TestApp
  let twin: App
  let ann: Person
  let bob: Person
  let ns = ''
  let count = 0

  before(async () => {
    t = await openTestApp()
    twin = await t.openTwin()
    ann = await person(t.app, 'ann')
    bob = await person(t.app, 'bob')
  })
  beforeEach(async () => {
    ns = `ns${++count}`
    await createNamespace(t.app, operator, { name: ns, owner: 'ann' })
  })
  after(() => t.close())

  const signIn = (name: string, app: App) =>
    change(app, async (tx) => acceptInvitations(app, tx, await getUser(tx, name)))
  const roles = async () =>
    (await listMembers(t.app, operator, ns)).items.map(({ user, role }) => `${user} ${role}`)
  const invited = async () =>
    (await listInvitations(t.app, operator, ns)).items.map(({ email, role }) => `${email} ${role}`)
  const acceptances = async (name: string) => {
    const lines = await t.app.database.db
      .selectFrom('audit')
      .select('id')
      .where('action', '=', 'invitation.accept')
      .where('subject', '=', `user:${name}`)
      .execute()
    return lines.length
  }

  test('one sign-in takes it, or it was withdrawn', async () => {
    for (let round = 0; round < 8; round++) {
      const name = `race${round}`
      const email = `${name}@example.org`
      await inviteMember(t.app, operator, ns, { email, role: 'publisher' })
      await createUser(t.app, operator, { name, email })
      const [withdrawn, ...signIns] = await Promise.allSettled([
        withdrawInvitation(t.app, operator, ns, email),
        signIn(name, t.app),
        signIn(name, twin),
      ])
      assert.deepEqual(
        signIns.map(({ status }) => status),
        ['fulfilled', 'fulfilled'],
      )
      const isMember = (await roles()).includes(`${name} publisher`)
      assert.equal(isMember, withdrawn.status === 'rejected')
      assert.equal(await acceptances(name), isMember ? 1 : 0)
      assert.deepEqual(await invited(), [])
    }
  })

  test('two who invite one address at once leave one invitation', async () => {
    const email = `both${count}@example.org`
    await Promise.all([
      inviteMember(t.app, operator, ns, { email, role: 'reader' }),
      inviteMember(twin, operator, ns, { email, role: 'admin' }),
    ])
    assert.equal((await invited()).length, 1)
  })

  test('two admins who demote each other by address at once: one stays', async () => {
    for (let round = 0; round < 5; round++) {
      await addMember(t.app, operator, ns, { user: 'ann', role: 'admin' })
      await addMember(t.app, operator, ns, { user: 'bob', role: 'admin' })
      const [asAnn, asBob] = [await ann.actor(), await bob.actor()]
      const outcomes = await Promise.allSettled([
        inviteMember(t.app, asAnn, ns, { email: 'bob@example.org', role: 'reader' }),
        inviteMember(twin, asBob, ns, { email: 'ann@example.org', role: 'reader' }),
      ])
      const failures = outcomes.filter((outcome) => outcome.status === 'rejected')
      assert.equal(failures.length, 1)
      assert.ok(failsWith('last_admin')(failures[0]?.reason))
      assert.equal((await roles()).filter((role) => role.endsWith(' admin')).length, 1)
    }
  })
})

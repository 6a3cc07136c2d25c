import assert from 'node:assert/strict'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { createUser } from '#core/accounts/create-user.ts'
import { getUser } from '#core/accounts/find-user.ts'
import { change } from '#core/db/change.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deleteNamespace } from '#core/namespaces/delete-namespace.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { after, before, beforeEach, describe, test } from '#runtime/test.ts'
import { credential, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { acceptInvitations } from './accept-invitations.ts'
import { addMember } from './add-member.ts'
import { findMemberByEmail } from './find-member-by-email.ts'
import { inviteMember } from './invite-member.ts'
import { listInvitations } from './list-invitations.ts'
import { listMembers } from './list-members.ts'
import { withdrawInvitation } from './withdraw-invitation.ts'

const DAY_SECONDS = 86_400

describe('invitations', () => {
  let t: TestApp
  let ann: Person
  let bob: Person
  let eve: Person
  let ns = ''
  let count = 0
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }

  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    bob = await person(t.app, 'bob')
    eve = await person(t.app, 'eve')
  })
  // Ann is the admin, Bob a publisher, Eve a stranger.
  beforeEach(async () => {
    ns = `ns${++count}`
    await createNamespace(t.app, operator, { name: ns, owner: 'ann' })
    await addMember(t.app, operator, ns, { user: 'bob', role: 'publisher' })
    await change(t.app, (tx) => tx.deleteFrom('jobs').execute())
    // A new hour: what was counted before counts no more.
    t.clock.advance(3600)
  })
  after(() => t.close())

  /** A new account, made as signing in makes it: the roles that wait come with it. */
  async function signUp(name: string, email: string): Promise<void> {
    await createUser(t.app, operator, { name, email })
    await signIn(name)
  }
  const signIn = (name: string) =>
    change(t.app, async (tx) => acceptInvitations(t.app, tx, await getUser(tx, name)))

  const roles = async () =>
    (await listMembers(t.app, operator, ns)).items.map(({ user, role }) => `${user} ${role}`)
  const invited = async () =>
    (await listInvitations(t.app, operator, ns)).items.map(({ email, role }) => `${email} ${role}`)
  const audited = async () => {
    const lines = await t.app.database.db
      .selectFrom('audit')
      .select(['action', 'actor', 'subject', 'detail'])
      .where((eb) =>
        eb.or([eb('action', 'like', 'invitation.%'), eb('action', 'like', 'member.%')]),
      )
      .where('detail', 'like', `%"${ns}"%`)
      .orderBy('id')
      .execute()
    return lines
      .filter(({ subject }) => subject !== 'user:bob')
      .map(({ action, actor, subject, detail }) => [action, actor, subject, JSON.parse(detail)])
  }
  const mails = async () => {
    const jobs = await t.app.database.db
      .selectFrom('jobs')
      .select('payload')
      .where('kind', '=', 'send-mail')
      .orderBy('id')
      .execute()
    const sent = jobs.map(({ payload }) => JSON.parse(payload) as Record<string, string>)
    return sent.filter(({ subject }) => subject?.startsWith('Invitation'))
  }

  test('an address without an account gets a mail, and the role when it signs in', async () => {
    const asAnn = await ann.actor()
    const state = await inviteMember(t.app, asAnn, ns, { email: 'Cid@Example.org', role: 'reader' })
    assert.equal(state, 'invited')
    assert.deepEqual(await invited(), ['cid@example.org reader'])
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher'])
    const [mail, ...more] = await mails()
    assert.deepEqual(more, [])
    assert.equal(mail?.to, 'cid@example.org')
    assert.equal(mail?.subject, `Invitation to ${ns}`)
    const expected = new RegExp(
      `^ann invites you to ${ns} at http://127.0.0.1:7080, as reader: you may download its private packages\\.\n\nTo accept, sign in there with this address by \\w+, \\d+ \\w+ 2026 .* GMT\\.\n`,
    )
    assert.match(mail?.text ?? '', expected)
    assert.match(mail?.html ?? '', new RegExp(`<p>ann invites you to ${ns} at `))

    await signUp('cid', 'cid@EXAMPLE.org')
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher', 'cid reader'])
    assert.deepEqual(await invited(), [])
    assert.deepEqual(await audited(), [
      ['invitation.create', 'user:ann', 'email:cid@example.org', { namespace: ns, role: 'reader' }],
      [
        'invitation.accept',
        'user:cid',
        'user:cid',
        { namespace: ns, role: 'reader', invitedBy: 'user:ann' },
      ],
    ])
  })

  test('only admins invite, see and withdraw; to strangers there is no such namespace', async () => {
    await addMember(t.app, operator, ns, { user: 'bob', role: 'publisher' })
    const { id } = await createNamespace(t.app, operator, { name: `away${count}`, owner: 'ann' })
    const weak = await credential(t.app, { user: 'ann' }, { scopes: ['read', 'publish'] })
    const away = await credential(t.app, { user: 'ann' }, { onlyNamespaces: [id] })
    const robot = await credential(t.app, { namespace: ns, role: 'publisher' })
    const email = 'cid2@example.org'
    const cases: Array<[Actor, string]> = [
      [nobody, 'unauthenticated'],
      [await eve.actor(), 'namespace_unknown'],
      [await away.actor(), 'namespace_unknown'],
      [await bob.actor(), 'forbidden'],
      [await robot.actor(), 'forbidden'],
      [await weak.actor(), 'scope_missing'],
    ]
    for (const [actor, code] of cases) {
      const wanted = { email, role: 'reader' } as const
      await assert.rejects(inviteMember(t.app, actor, ns, wanted), failsWith(code), actor.name)
      await assert.rejects(listInvitations(t.app, actor, ns), failsWith(code), actor.name)
      await assert.rejects(withdrawInvitation(t.app, actor, ns, email), failsWith(code))
      await assert.rejects(findMemberByEmail(t.app, actor, ns, email), failsWith(code))
    }
    // What a stranger hears of a namespace that is there, and of one that is not, is the same.
    const heard = async (name: string) => {
      const error = await listInvitations(t.app, await eve.actor(), name).catch((one) => one)
      return error.message.replace(name, 'NAME')
    }
    assert.equal(await heard(ns), await heard('nowhere'))
    assert.deepEqual(await invited(), [])
    assert.deepEqual(await mails(), [])
  })

  test('an address of an account makes it a member at once, without an invitation', async () => {
    const asAnn = await ann.actor()
    const invite = (email: string, role: 'reader' | 'publisher' | 'admin') =>
      inviteMember(t.app, asAnn, ns, { email, role })
    assert.equal(await invite('EVE@example.org', 'reader'), 'member')
    assert.equal(await invite('eve@example.org', 'publisher'), 'member')
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher', 'eve publisher'])
    assert.deepEqual(await invited(), [])
    await assert.rejects(invite('ann@example.org', 'reader'), failsWith('last_admin'))
    for (const bad of ['', 'eve', 'eve@', '@example.org', 'a b@example.org', 'é@example.org']) {
      await assert.rejects(invite(bad, 'reader'), failsWith('invalid_request'))
    }
    assert.deepEqual(await findMemberByEmail(t.app, asAnn, ns, 'Eve@example.org'), {
      email: 'eve@example.org',
      role: 'publisher',
      user: 'eve',
    })
    // Eve may see herself, and nobody else.
    const asEve = await eve.actor()
    const self = await findMemberByEmail(t.app, asEve, ns, 'eve@example.org')
    assert.equal(self?.role, 'publisher')
    await assert.rejects(
      findMemberByEmail(t.app, asEve, ns, 'ann@example.org'),
      failsWith('forbidden'),
    )
  })

  test('addresses of members are for admins', async () => {
    const emails = async (actor: Actor) =>
      (await listMembers(t.app, actor, ns)).items.map(({ email }) => email)
    // Bob was made a member by his name: whoever did that does not learn his address so.
    assert.deepEqual(await emails(await ann.actor()), ['ann@example.org', undefined])
    const email = 'Bob@example.org'
    await inviteMember(t.app, await ann.actor(), ns, { email, role: 'publisher' })
    assert.deepEqual(await emails(await ann.actor()), ['ann@example.org', 'bob@example.org'])
    assert.deepEqual(await emails(await bob.actor()), [undefined, undefined])
    await inviteMember(t.app, operator, ns, { email: `fay${count}@example.org`, role: 'admin' })
    await signUp(`fay${count}`, `fay${count}@example.org`)
    const all = ['ann@example.org', 'bob@example.org', `fay${count}@example.org`]
    assert.deepEqual(await emails(await ann.actor()), all)
    assert.deepEqual(await emails(operator), all)
  })

  test('inviting again changes the role and the time that is left', async () => {
    const email = `dan${count}@example.org`
    const invite = (role: 'reader' | 'admin') => inviteMember(t.app, operator, ns, { email, role })
    await invite('reader')
    t.clock.advance(29 * DAY_SECONDS)
    await invite('admin')
    t.clock.advance(2 * DAY_SECONDS)
    assert.deepEqual(await invited(), [`${email} admin`])
    await signUp(`dan${count}`, email)
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher', `dan${count} admin`])
  })

  test('one that expired is neither shown nor accepted', async () => {
    const email = `late${count}@example.org`
    await inviteMember(t.app, operator, ns, { email, role: 'reader' })
    t.clock.advance(30 * DAY_SECONDS)
    assert.deepEqual(await invited(), [])
    assert.equal(await findMemberByEmail(t.app, operator, ns, email), undefined)
    await signUp(`late${count}`, email)
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher'])
  })

  test('one that was withdrawn is gone', async () => {
    const email = `gone${count}@example.org`
    await inviteMember(t.app, operator, ns, { email, role: 'reader' })
    await withdrawInvitation(t.app, await ann.actor(), ns, email.toUpperCase())
    await assert.rejects(withdrawInvitation(t.app, operator, ns, email), failsWith('not_found'))
    await signUp(`gone${count}`, email)
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher'])
    const lines = await audited()
    assert.deepEqual(lines.at(-1), [
      'invitation.withdraw',
      'user:ann',
      `email:${email}`,
      { namespace: ns, was: 'reader' },
    ])
  })

  test('who is a member already stays what they are', async () => {
    const name = `max${count}`
    const email = `${name}@example.org`
    await inviteMember(t.app, operator, ns, { email, role: 'reader' })
    await createUser(t.app, operator, { name, email })
    // Adding them by name says what they are from now on; the invitation is over.
    await addMember(t.app, operator, ns, { user: name, role: 'admin' })
    assert.deepEqual(await invited(), [])
    await signIn(name)
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher', `${name} admin`])
  })

  test('a namespace that ends takes its invitations along', async () => {
    const name = `end${count}`
    const email = `${name}@example.org`
    await inviteMember(t.app, operator, ns, { email, role: 'reader' })
    await deleteNamespace(t.app, operator, ns)
    const again = inviteMember(t.app, operator, ns, { email, role: 'admin' })
    await assert.rejects(again, failsWith('namespace_terminating'))
    await signUp(name, email)
    assert.deepEqual(await roles(), ['ann admin', 'bob publisher'])
    await change(t.app, async (tx) => {
      const { id } = await getNamespace(tx, ns)
      await tx.deleteFrom('members').where('namespaceId', '=', id).execute()
      await tx.deleteFrom('namespaces').where('id', '=', id).execute()
    })
    const left = await t.app.database.db.selectFrom('invitations').selectAll().execute()
    assert.deepEqual(left, [])
  })

  test('nobody is flooded, and nobody tries out a world of addresses', async () => {
    const asAnn = await ann.actor()
    const email = `many${count}@example.org`
    for (let i = 0; i < 7; i++) {
      assert.equal(await inviteMember(t.app, asAnn, ns, { email, role: 'reader' }), 'invited')
    }
    assert.equal((await mails()).length, 5)
    for (let i = 7; i < 60; i++) {
      await inviteMember(t.app, asAnn, ns, { email: 'eve@example.org', role: 'reader' })
    }
    const more = inviteMember(t.app, asAnn, ns, { email, role: 'reader' })
    await assert.rejects(more, failsWith('rate_limited'))
  })

  test('at most 200 wait', async () => {
    const invite = (i: number) =>
      inviteMember(t.app, operator, ns, { email: `n${i}@example.org`, role: 'reader' })
    await change(t.app, async (tx) => {
      const { id: namespaceId } = await getNamespace(tx, ns)
      const rest = { namespaceId, role: 'reader', invitedBy: 'user:ann', createdAt: 0 } as const
      const expiresAt = t.clock.now.getTime() + 1
      const rows = Array.from({ length: 199 }, (_, i) => ({
        ...rest,
        emailKey: `n${i}@example.org`,
        expiresAt,
      }))
      await tx.insertInto('invitations').values(rows).execute()
    })
    await invite(199)
    await assert.rejects(invite(200), failsWith('conflict'))
    await invite(199)
    const page = await listInvitations(t.app, operator, ns, { limit: 150 })
    const rest = await listInvitations(t.app, operator, ns, { limit: 150, after: page.next ?? '' })
    assert.deepEqual([page.items.length, rest.items.length, rest.next], [150, 50, undefined])
    t.clock.advance(1)
    await invite(200)
    assert.equal((await invited()).length, 2)
  })
})

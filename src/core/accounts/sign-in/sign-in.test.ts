import assert from 'node:assert/strict'
import { authenticate } from '#core/accounts/authenticate.ts'
import { createUser } from '#core/accounts/create-user.ts'
import { disableUser } from '#core/accounts/disable-user.ts'
import { findUser } from '#core/accounts/find-user.ts'
import { findUserByEmail } from '#core/accounts/find-user-by-email.ts'
import { listSessions } from '#core/accounts/sessions/list-sessions.ts'
import { revokeSession, signOut } from '#core/accounts/sessions/revoke-session.ts'
import { setOperator } from '#core/accounts/set-operator.ts'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import { inviteMember } from '#core/namespaces/members/invite-member.ts'
import { removeMember } from '#core/namespaces/members/remove-member.ts'
import { createToken } from '#core/tokens/create-token.ts'
import { flushLastUsed } from '#core/tokens/last-used.ts'
import { listTokens } from '#core/tokens/list-tokens.ts'
import { revokeToken } from '#core/tokens/revoke-token.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { eventually, failsWith, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { sendDueMail } from '#test/send-due-mail.ts'
import { codeOf, linkTokenOf } from '#test/sign-in.ts'
import { cleanSignInsJob } from './clean-sign-ins.ts'
import { confirmSignIn, viewSignIn } from './confirm-sign-in.ts'
import { fetchSessionByCode, fetchSessionByLink } from './fetch-session.ts'
import { startSignIn } from './start-sign-in.ts'

const LAPTOP = { address: '192.0.2.10', requestId: 'r-laptop', userAgent: 'gren/0.6.3' }
const PHONE = { address: '198.51.100.7', requestId: 'r-phone', userAgent: 'Browser' }
const DAY = 86_400

describe('sign-in by e-mail', () => {
  let t: TestApp
  let app: App
  before(async () => {
    t = await openTestApp({ maxSignInsPerAddress: 10_000 })
    app = t.app
  })
  after(() => t.close())

  const startCode = async (email: string, from = LAPTOP) => {
    const { fetchToken } = await startSignIn(app, { email, flow: 'code' }, from)
    return { fetchToken, code: codeOf(t.mail.sent.at(-1)) }
  }
  const startLink = async (email: string) => {
    const linkOf = (token: string) => `http://registry/confirm/${token}`
    const { fetchToken } = await startSignIn(app, { email, flow: 'link', linkOf }, LAPTOP)
    return { fetchToken, token: linkTokenOf(t.mail.sent.at(-1)) }
  }
  const signIn = async (email: string, from = LAPTOP) =>
    await fetchSessionByCode(app, await startCode(email, from), from)
  const actorOf = (secret: string, seenBy = app) => authenticate(seenBy, { secret }, LAPTOP)
  const row = async () =>
    await app.database.db
      .selectFrom('signIns')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow()

  describe('by code', () => {
    test('the address is proved, the user made, and the session does what its user may', async () => {
      const started = await startCode('New.Person+list@Example.org')
      assert.equal(await findUserByEmail(app.database.db, 'new.person+list@example.org'), undefined)
      const { secret, session, user } = await fetchSessionByCode(app, started, LAPTOP)
      assert.equal(user.name, 'new-person')
      assert.equal(user.email, 'New.Person+list@Example.org')
      assert.equal(session.device, 'gren/0.6.3 at 192.0.2.10')
      const actor = await actorOf(secret)
      assert.equal(actor.name, 'user:new-person')
      assert.deepEqual([...actor.scopes], ['admin', 'publish', 'read'])
      const audit = await app.database.db
        .selectFrom('audit')
        .select(['action', 'actor', 'subject', 'address'])
        .orderBy('id', 'desc')
        .limit(2)
        .execute()
      assert.deepEqual(audit, [
        {
          action: 'session.create',
          actor: 'user:new-person',
          subject: `session:${session.id}`,
          address: '192.0.2.10',
        },
        {
          action: 'user.create',
          actor: 'user:new-person',
          subject: 'user:new-person',
          address: '192.0.2.10',
        },
      ])
    })

    test('nothing at rest is what was mailed or answered', async () => {
      const { fetchToken, code } = await startCode('rest@example.org')
      const { secret } = await fetchSessionByCode(app, { fetchToken, code }, LAPTOP)
      for (const table of ['signIns', 'tokens', 'jobs', 'audit'] as const) {
        const text = JSON.stringify(await app.database.db.selectFrom(table).selectAll().execute())
        for (const hidden of [fetchToken, code, secret]) assert.ok(!text.includes(hidden), table)
      }
    })

    test('case, spaces, hyphens and misread signs do not matter', async () => {
      const { fetchToken, code } = await startCode('typed@example.org')
      const typed = `${code.slice(0, 4)} - ${code.slice(4)}`.toLowerCase().replaceAll('p', '0')
      await fetchSessionByCode(app, { fetchToken, code: typed.replaceAll('l', '1') }, LAPTOP)
    })

    test('once', async () => {
      const started = await startCode('once@example.org')
      await fetchSessionByCode(app, started, LAPTOP)
      await assert.rejects(
        fetchSessionByCode(app, started, LAPTOP),
        failsWith('credential_invalid'),
      )
    })

    test('the fifth wrong code kills it, also for the right one', async () => {
      const { fetchToken, code } = await startCode('brute@example.org')
      for (let wrong = 0; wrong < 5; wrong++) {
        assert.equal((await row()).state, 'pending')
        const guess = fetchSessionByCode(app, { fetchToken, code: `WRONG${wrong}` }, LAPTOP)
        await assert.rejects(guess, failsWith('credential_invalid'))
      }
      assert.equal((await row()).state, 'dead')
      await assert.rejects(
        fetchSessionByCode(app, { fetchToken, code }, LAPTOP),
        failsWith('credential_invalid'),
      )
      assert.equal(await findUserByEmail(app.database.db, 'brute@example.org'), undefined)
    })

    test('after four wrong codes the right one is good', async () => {
      const { fetchToken, code } = await startCode('four@example.org')
      for (let wrong = 0; wrong < 4; wrong++) {
        await assert.rejects(fetchSessionByCode(app, { fetchToken, code: '' }, LAPTOP))
      }
      await fetchSessionByCode(app, { fetchToken, code }, LAPTOP)
    })

    test('fifty guesses at once, in two processes: five count, none gets in', async () => {
      const twin = await t.openTwin()
      const { fetchToken } = await startCode('storm@example.org')
      const guesses = Array.from({ length: 50 }, (_, n) =>
        fetchSessionByCode(n % 2 === 0 ? app : twin, { fetchToken, code: `${n}` }, LAPTOP),
      )
      const outcomes = await Promise.allSettled(guesses)
      assert.ok(outcomes.every(({ status }) => status === 'rejected'))
      const { tries, state } = await row()
      assert.deepEqual({ tries, state }, { tries: 5, state: 'dead' })
    })

    test('the right code many times at once, in two processes: one session', async () => {
      const twin = await t.openTwin()
      const started = await startCode('race@example.org')
      const outcomes = await Promise.allSettled(
        Array.from({ length: 12 }, (_, n) =>
          fetchSessionByCode(n % 2 === 0 ? app : twin, started, LAPTOP),
        ),
      )
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      const user = await findUserByEmail(app.database.db, 'race@example.org')
      const { items } = await listSessions(app, operator, user?.name ?? '')
      assert.equal(items.length, 1)
    })

    test('another sign-in’s code, a link’s secrets and made-up tokens are no good', async () => {
      const one = await startCode('one@example.org')
      const two = await startCode('two@example.org')
      const link = await startLink('three@example.org')
      const proofs = [
        { fetchToken: one.fetchToken, code: two.code },
        { fetchToken: link.fetchToken, code: link.token },
        { fetchToken: 'nothing', code: one.code },
        { fetchToken: '', code: '' },
      ]
      for (const proof of proofs) {
        await assert.rejects(
          fetchSessionByCode(app, proof, LAPTOP),
          failsWith('credential_invalid'),
        )
      }
    })

    test('after 15 minutes it is too late', async () => {
      const early = await startCode('early@example.org')
      const late = await startCode('late@example.org')
      t.clock.advance(15 * 60 - 1)
      await fetchSessionByCode(app, early, LAPTOP)
      t.clock.advance(1)
      await assert.rejects(fetchSessionByCode(app, late, LAPTOP), failsWith('credential_invalid'))
    })
  })

  describe('by link', () => {
    test('looking changes nothing, the button does, and the token comes once', async () => {
      const { fetchToken, token } = await startLink('link@example.org')
      for (let look = 0; look < 3; look++) {
        const pending = await viewSignIn(app, token)
        assert.equal(pending.email, 'link@example.org')
        assert.equal(pending.address, '192.0.2.10')
        assert.equal(await fetchSessionByLink(app, fetchToken, LAPTOP), undefined)
      }
      assert.equal(await findUserByEmail(app.database.db, 'link@example.org'), undefined)
      await confirmSignIn(app, token, PHONE)
      await confirmSignIn(app, token, PHONE)
      const made = await fetchSessionByLink(app, fetchToken, LAPTOP)
      assert.equal((await actorOf(made?.secret ?? '')).name, 'user:link')
      assert.equal(made?.session.device, 'gren/0.6.3 at 192.0.2.10')
      await assert.rejects(fetchSessionByLink(app, fetchToken, LAPTOP), failsWith('gone'))
      await assert.rejects(confirmSignIn(app, token, PHONE), failsWith('credential_invalid'))
      await assert.rejects(viewSignIn(app, token), failsWith('credential_invalid'))
    })

    test('asked many times at once in two processes: one token', async () => {
      const twin = await t.openTwin()
      const { fetchToken, token } = await startLink('polls@example.org')
      await Promise.all([confirmSignIn(app, token, PHONE), confirmSignIn(twin, token, PHONE)])
      const outcomes = await Promise.allSettled(
        Array.from({ length: 12 }, (_, n) =>
          fetchSessionByLink(n % 2 === 0 ? app : twin, fetchToken, LAPTOP),
        ),
      )
      const secrets = outcomes.filter((one) => one.status === 'fulfilled' && one.value)
      assert.equal(secrets.length, 1)
    })

    test('neither secret does the other’s work', async () => {
      const { fetchToken, token } = await startLink('mixed@example.org')
      await assert.rejects(confirmSignIn(app, fetchToken, PHONE), failsWith('credential_invalid'))
      await assert.rejects(fetchSessionByLink(app, token, LAPTOP), failsWith('gone'))
    })

    test('after 15 minutes neither is good, confirmed or not', async () => {
      const { fetchToken, token } = await startLink('slow@example.org')
      const confirmed = await startLink('slower@example.org')
      await confirmSignIn(app, confirmed.token, PHONE)
      t.clock.advance(15 * 60)
      await assert.rejects(confirmSignIn(app, token, PHONE), failsWith('credential_invalid'))
      await assert.rejects(fetchSessionByLink(app, fetchToken, LAPTOP), failsWith('gone'))
      await assert.rejects(fetchSessionByLink(app, confirmed.fetchToken, LAPTOP), failsWith('gone'))
    })
  })

  describe('who is signed in', () => {
    test('an account is found in any spelling of its address', async () => {
      await person(app, 'spelt')
      assert.equal((await signIn('SPELT@Example.ORG')).user.name, 'spelt')
    })

    for (const newUsers of ['anybody', 'invited', 'nobody'] as const) {
      test(`where ${newUsers} may be new, the others get the mail but no account`, async () => {
        const small = await openTestApp({ newUsers })
        try {
          await createUser(small.app, operator, { name: 'known', email: 'known@example.org' })
          await createNamespace(small.app, operator, { name: 'acme', owner: 'known' })
          const invited = { email: 'Guest@example.org', role: 'publisher' as const }
          await inviteMember(small.app, operator, 'acme', invited)
          const may = async (email: string) => {
            const { fetchToken } = await startSignIn(small.app, { email, flow: 'code' }, LAPTOP)
            const code = codeOf(small.mail.sent.at(-1))
            return await fetchSessionByCode(small.app, { fetchToken, code }, LAPTOP).then(
              ({ secret }) => authenticate(small.app, { secret }, LAPTOP),
              failsWith('credential_invalid'),
            )
          }
          assert.notEqual(await may('known@example.org'), true)
          const guest = await may('guest@example.org')
          if (newUsers === 'nobody') assert.equal(guest, true)
          else
            assert.ok(typeof guest === 'object' && [...guest.roles.values()].includes('publisher'))
          assert.equal((await may('stranger@example.org')) === true, newUsers !== 'anybody')
          assert.equal(small.mail.sent.length, 3)
        } finally {
          await small.close()
        }
      })
    }

    test('two new sign-ins of one address at once make one account', async () => {
      const [one, two] = [
        await startCode('twice@example.org'),
        await startCode('Twice@example.org'),
      ]
      const twin = await t.openTwin()
      const [a, b] = await Promise.all([
        fetchSessionByCode(app, one, LAPTOP),
        fetchSessionByCode(twin, two, LAPTOP),
      ])
      assert.equal(a.user.id, b.user.id)
    })

    const names: Array<[string, string]> = [
      ['admin@example.org', 'admin-2'],
      ['ADMIN@elsewhere.org', 'admin-3'],
      ['__@example.org', 'user'],
      ['a..b@example.org', ''],
      ['_x_y_@example.org', 'x-y'],
      [`${'n'.repeat(64)}@example.org`, 'n'.repeat(40)],
    ]
    for (const [email, name] of names) {
      test(`${email} is called ${name || 'nothing: it is no address'}`, async () => {
        if (name !== '') return assert.equal((await signIn(email)).user.name, name)
        await assert.rejects(signIn(email), failsWith('invalid_request'))
      })
    }

    test('many of one name are told apart', async () => {
      const made = new Set<string>()
      for (let n = 0; n < 12; n++) made.add((await signIn(`sam@host${n}.org`)).user.name)
      assert.equal(made.size, 12)
      assert.ok(made.has('sam') && made.has('sam-9'))
    })

    test('who is locked out gets the same mail and the same refusal, in both flows', async () => {
      await createUser(app, operator, { name: 'locked', email: 'locked@example.org' })
      const { token: early, fetchToken } = await startLink('locked@example.org')
      await confirmSignIn(app, early, PHONE)
      await disableUser(app, operator, 'locked', true)
      const sent = t.mail.sent.length
      const started = await startCode('locked@example.org')
      assert.equal(t.mail.sent.length, sent + 1)
      await assert.rejects(
        fetchSessionByCode(app, started, LAPTOP),
        failsWith('credential_invalid'),
      )
      const { token } = await startLink('locked@example.org')
      await assert.rejects(confirmSignIn(app, token, PHONE), failsWith('credential_invalid'))
      await assert.rejects(fetchSessionByLink(app, fetchToken, LAPTOP), failsWith('gone'))
    })

    test('locking out ends what is open', async () => {
      const { secret, user } = await signIn('later@example.org')
      await disableUser(app, operator, user.name, true)
      await assert.rejects(actorOf(secret), failsWith('credential_invalid'))
    })

    test('an operator cannot give one address to two accounts', async () => {
      await createUser(app, operator, { name: 'first', email: 'shared@example.org' })
      await assert.rejects(
        createUser(app, operator, { name: 'second', email: 'SHARED@example.org' }),
        failsWith('conflict'),
      )
      assert.equal(await findUser(app.database.db, 'second'), undefined)
    })
  })

  for (const email of [
    '',
    'a',
    'a@.com',
    'a@b',
    'a b@c.org',
    'a@c.org, b@c.org',
    'a@c.org\nBcc: x@y.z',
    '<a@c.org>',
    `${'x'.repeat(250)}@c.org`,
  ]) {
    test(`${JSON.stringify(email.slice(0, 30))} is no address to write to`, async () => {
      const sent = t.mail.sent.length
      await assert.rejects(startCode(email), failsWith('invalid_request'))
      assert.equal(t.mail.sent.length, sent)
    })
  }

  test('beginning is limited per address of either kind, and says when to come back', async () => {
    const small = await openTestApp({ maxSignInsPerEmail: 2, maxSignInsPerAddress: 5 })
    try {
      const start = (email: string, address: string) =>
        startSignIn(small.app, { email, flow: 'code' }, { ...LAPTOP, address })
      await start('a@example.org', '192.0.2.1')
      await start('A@example.org', '192.0.2.2')
      await assert.rejects(start('a@example.org', '192.0.2.3'), (error: unknown) => {
        failsWith('rate_limited')(error)
        assert.ok(error && typeof error === 'object' && 'retryAfterSeconds' in error)
        return Number(error.retryAfterSeconds) > 0
      })
      for (let n = 0; n < 4; n++) await start(`n${n}@example.org`, '192.0.2.1')
      await assert.rejects(start('m@example.org', '192.0.2.1'), failsWith('rate_limited'))
      await start('m@example.org', '192.0.2.9')
      assert.equal(small.mail.sent.length, 7)
    } finally {
      await small.close()
    }
  })

  describe('when mail cannot be sent', () => {
    test('who signs in hears it, and the sign-in is dead', async () => {
      t.mail.failure = new Error('connection refused')
      try {
        await assert.rejects(startCode('down@example.org'), (error: unknown) => {
          failsWith('unavailable')(error)
          return error instanceof Error && 'retryAfterSeconds' in error
        })
      } finally {
        t.mail.failure = undefined
      }
      assert.equal((await row()).state, 'dead')
      const waiting = await app.database.db
        .selectFrom('jobs')
        .selectAll()
        .where('payload', 'like', '%down@example.org%')
        .execute()
      assert.equal(waiting.length, 0)
      await signIn('down@example.org')
    })

    test('a mailer that says nothing is waited for only so long, and told', async () => {
      let wasTold = false
      const mailer = {
        kind: 'silent',
        send: (_mail: unknown, signal?: AbortSignal) =>
          new Promise<void>(() =>
            signal?.addEventListener('abort', () => {
              wasTold = true
            }),
          ),
      }
      const settings = { ...app.settings, signInMailSeconds: 0.05 }
      await assert.rejects(
        startSignIn({ ...app, mailer, settings }, { email: 's@example.org', flow: 'code' }, LAPTOP),
        failsWith('unavailable'),
      )
      assert.ok(wasTold)
      assert.equal((await row()).state, 'dead')
    })
  })

  describe('sessions', () => {
    test('are listed and ended apart from tokens', async () => {
      const { secret, session } = await signIn('apart@example.org')
      const actor = await actorOf(secret)
      const { token } = await createToken(
        app,
        actor,
        { user: 'apart' },
        { name: 'ci', scopes: ['read'] },
      )
      const tokens = await listTokens(app, actor, { user: 'apart' })
      assert.deepEqual(
        tokens.items.map(({ id }) => id),
        [token.id],
      )
      const everybodys = await listTokens(app, operator, undefined, { limit: 1000 })
      assert.ok(everybodys.items.every(({ id }) => id !== session.id))
      const sessions = await listSessions(app, actor, 'apart')
      assert.deepEqual(
        sessions.items.map(({ id }) => id),
        [session.id],
      )
      await assert.rejects(revokeToken(app, operator, session.id), failsWith('token_unknown'))
      await assert.rejects(revokeSession(app, operator, token.id), failsWith('session_unknown'))
    })

    test('a user ends their own, anywhere at once; another’s are unknown', async () => {
      const twin = await t.openTwin()
      const mine = await signIn('mine@example.org')
      const other = await signIn('mine@example.org', PHONE)
      const stranger = await actorOf((await signIn('stranger@example.org')).secret)
      await actorOf(other.secret, twin)
      await assert.rejects(
        revokeSession(app, stranger, other.session.id),
        failsWith('session_unknown'),
      )
      await assert.rejects(listSessions(app, stranger, 'mine'), failsWith('forbidden'))
      const actor = await actorOf(mine.secret)
      await revokeSession(app, actor, other.session.id)
      await revokeSession(app, actor, other.session.id)
      await assert.rejects(actorOf(other.secret), failsWith('credential_invalid'))
      await eventually(() =>
        assert.rejects(actorOf(other.secret, twin), failsWith('credential_invalid')),
      )
      await signOut(app, actor)
      await assert.rejects(actorOf(mine.secret), failsWith('credential_invalid'))
      const { items } = await listSessions(app, operator, 'mine')
      assert.deepEqual(items, [])
    })

    test('a token is no session to sign out of', async () => {
      const ann = await person(app, 'token-only')
      await assert.rejects(signOut(app, await ann.actor()), failsWith('forbidden'))
    })

    test('last 30 days from their last use, and a year at most', async () => {
      const { secret } = await signIn('slides@example.org')
      const idle = await signIn('slides@example.org', PHONE)
      for (let days = 0; days < 364; days += 28) {
        assert.equal((await actorOf(secret)).name, 'user:slides', `day ${days}`)
        await flushLastUsed(app)
        t.clock.advance(28 * DAY)
        if (days === 28) {
          await assert.rejects(actorOf(idle.secret), failsWith('credential_invalid'))
        }
      }
      await actorOf(secret)
      await flushLastUsed(app)
      t.clock.advance(2 * DAY)
      await assert.rejects(actorOf(secret), failsWith('credential_invalid'))
    })

    test('a token that a session makes may outlive it', async () => {
      const { secret } = await signIn('maker@example.org')
      const expiresAt = app.clock().getTime() + 300 * DAY * 1000
      const asked = { name: 'long', scopes: ['read' as const], expiresAt }
      const { token } = await createToken(app, await actorOf(secret), { user: 'maker' }, asked)
      assert.equal(token.expiresAt, expiresAt)
    })
  })

  describe('notices', () => {
    const mailTo = (email: string) => t.mail.sent.filter(({ to }) => to === email)

    test('a sign-in from elsewhere is told also when earlier sessions were forgotten', async () => {
      await signIn('back@example.org')
      t.clock.advance(61 * DAY)
      const context = { extendLease: async () => {}, signal: new AbortController().signal }
      await cleanSignInsJob.run(app, {}, context)
      await signIn('back@example.org', PHONE)
      await sendDueMail(app)
      assert.ok(mailTo('back@example.org').some(({ subject }) => /New sign-in/.test(subject)))
    })

    test('nobody is flooded by who changes their role again and again', async () => {
      await signIn('flooder@example.org')
      await signIn('victim@example.org')
      await createNamespace(app, operator, { name: 'floods', owner: 'flooder' })
      for (let count = 0; count < 30; count++) {
        const role = count % 2 === 0 ? 'reader' : 'publisher'
        await addMember(app, operator, 'floods', { user: 'victim', role })
      }
      await sendDueMail(app)
      const notices = mailTo('victim@example.org').filter(({ subject }) => /role/.test(subject))
      // Two at once may both find room for one.
      assert.ok(notices.length >= 20 && notices.length <= 22, String(notices.length))
    })

    test('who begins a sign-in writes no message of their own into its mail', async () => {
      const userAgent = 'Win a prize at http://evil.example/ before midnight'
      await startCode('spammed@example.org', { ...LAPTOP, userAgent })
      await startCode('spammed@example.org', { ...LAPTOP, userAgent: 'evil.example/pay' })
      for (const { text, html } of mailTo('spammed@example.org')) {
        assert.doesNotMatch(`${text}${html}`, /prize|evil/)
      }
    })

    test('a sign-in from elsewhere is told once, from the same place never', async () => {
      await signIn('seen@example.org')
      await signIn('seen@example.org')
      await sendDueMail(app)
      assert.equal(mailTo('seen@example.org').length, 2)
      await signIn('seen@example.org', PHONE)
      await signIn('seen@example.org', PHONE)
      await sendDueMail(app)
      const notices = mailTo('seen@example.org').filter(({ subject }) =>
        /New sign-in/.test(subject),
      )
      assert.equal(notices.length, 1)
      assert.match(notices[0]?.text ?? '', /Browser at 198\.51\.100\.7/)
    })

    test('who is given or loses a role hears it, who leaves by themselves does not', async () => {
      await person(app, 'namespace-boss')
      const pal = await person(app, 'pal')
      await createNamespace(app, operator, { name: 'told', owner: 'namespace-boss' })
      await sendDueMail(app)
      const was = mailTo('pal@example.org').length
      await addMember(app, operator, 'told', { user: 'pal', role: 'reader' })
      await addMember(app, operator, 'told', { user: 'pal', role: 'reader' })
      await addMember(app, operator, 'told', { user: 'pal', role: 'admin' })
      await removeMember(app, operator, 'told', 'pal')
      await addMember(app, operator, 'told', { user: 'pal', role: 'publisher' })
      await removeMember(app, await pal.actor(), 'told', 'pal')
      await setOperator(app, operator, 'pal', true)
      await setOperator(app, operator, 'pal', true)
      await sendDueMail(app)
      const told = mailTo('pal@example.org')
        .slice(was)
        .map(({ text }) => text.split('\n')[0] ?? '')
      assert.deepEqual(told.sort(), [
        'You are a member of told now, with the role publisher.',
        'You are a member of told now, with the role reader.',
        'You are an operator of this registry.',
        'You are no longer a member of told; your role was admin.',
        'Your role in told was changed from reader to admin.',
      ])
    })

    test('nobody is written to without an address, and nothing is when the change fails', async () => {
      const silent = await person(app, 'no-address')
      await sendDueMail(app)
      await change(app, (tx) =>
        tx
          .updateTable('users')
          .set({ email: '', emailKey: '' })
          .where('name', '=', 'no-address')
          .execute(),
      )
      const was = t.mail.sent.length
      const actor = await silent.actor()
      const asked = { name: 'ci', scopes: ['read' as const] }
      await createToken(app, actor, { user: 'no-address' }, asked)
      const none = { ...asked, onlyNamespaces: [999_999] }
      await assert.rejects(createToken(app, operator, { user: 'spelt' }, none))
      await sendDueMail(app)
      assert.equal(t.mail.sent.length, was)
    })

    test('with mail down a notice waits, and arrives once when it is back', async () => {
      const { secret } = await signIn('patient@example.org')
      t.mail.failure = new Error('no')
      const asked = { name: 'ci <b>', scopes: ['read' as const] }
      await createToken(app, await actorOf(secret), { user: 'patient' }, asked)
      const was = mailTo('patient@example.org').length
      await sendDueMail(app)
      assert.equal(mailTo('patient@example.org').length, was)
      t.mail.failure = undefined
      t.clock.advance(60)
      await sendDueMail(app)
      t.clock.advance(3600)
      await sendDueMail(app)
      const [notice, ...more] = mailTo('patient@example.org').slice(was)
      assert.equal(more.length, 0)
      assert.equal(notice?.subject, 'New token of your account')
      assert.match(notice.text, /“ci <b>”/)
      assert.match(notice.html, /“ci &lt;b&gt;”/)
      assert.ok(notice.id)
    })
  })

  test('what is over is forgotten', async () => {
    await startCode('forgotten@example.org')
    await signIn('forgotten@example.org')
    const context = { extendLease: async () => {}, signal: new AbortController().signal }
    await cleanSignInsJob.run(app, {}, context)
    assert.equal((await row()).email, 'forgotten@example.org')
    t.clock.advance(2 * 3600)
    await cleanSignInsJob.run(app, {}, context)
    const rows = await app.database.db.selectFrom('signIns').selectAll().execute()
    assert.deepEqual(rows, [])
    t.clock.advance(61 * DAY)
    await cleanSignInsJob.run(app, {}, context)
    const sessions = await app.database.db
      .selectFrom('tokens')
      .selectAll()
      .where('kind', '=', 'session')
      .execute()
    assert.deepEqual(sessions, [])
  })
})

import assert from 'node:assert/strict'
import { smtpMailer } from '#adapters/mail-smtp.ts'
import { createUser } from '#core/accounts/create-user.ts'
import { disableUser } from '#core/accounts/disable-user.ts'
import { findUserByEmail } from '#core/accounts/find-user-by-email.ts'
import { createToken } from '#core/tokens/create-token.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { serve } from '#runtime/serve.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { sendDueMail } from '#test/send-due-mail.ts'
import { testServerOptions } from '#test/served.ts'
import { codeOf, linkOf } from '#test/sign-in.ts'
import { openSmtpFarEnd, type SmtpFarEnd } from '#test/smtp-far-end.ts'
import { gren } from './index.ts'
import { isSignInRequest } from './sign-in.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** A registry on a socket that writes over SMTP to a server of somebody else. */
async function openWorld() {
  const farEnd = await openSmtpFarEnd()
  const test = await openTestApp({ maxSignInsPerAddress: 1000 })
  const mailer = smtpMailer({
    host: '127.0.0.1',
    port: farEnd.port,
    tls: 'optional',
    from: 'no-reply@registry.example.org',
    timeoutSeconds: 10,
  })
  let answer: ReturnType<typeof createFetch> | undefined
  const server = await serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, connection) => answer?.(request, connection) ?? new Response(),
    onError: () => new Response('', { status: 500 }),
  })
  const lines: string[] = []
  const keep = (fields: object, message: string) =>
    void lines.push(JSON.stringify({ ...fields, message }))
  const settings = { ...test.app.settings, publicUrl: server.url, signInMailSeconds: 10 }
  const app = {
    ...test.app,
    mailer,
    log: { debug: keep, info: keep, warn: keep, error: keep },
    settings,
  }
  answer = createFetch(app, ecosystems, testServerOptions())
  return {
    app,
    settings,
    test,
    farEnd,
    lines,
    url: `${server.url}/gren`,
    async close() {
      await server.stop(100)
      await farEnd.stop()
      await test.close()
    },
  }
}

const tried: ReadonlyArray<[string, boolean]> = [
  ['POST /gren/session', true],
  ['POST /session', true],
  ['POST /gren/session/fetch', true],
  ['POST /gren/users', true],
  ['GET /gren/users/login/x', true],
  ['GET /users/validate/x', true],
  ['POST /gren/users/validate/x', true],
  ['DELETE /gren/session', false],
  ['GET /gren/user', false],
  ['POST /gren/publishing-identity', false],
  ['POST /gren/package/a/users', false],
  ['GET /gren/publishing-identity/a/users', false],
]
for (const [line, expected] of tried) {
  test(`${line} counts ${expected ? 'like a credential' : 'as usual'}`, () => {
    const [method = '', path] = line.split(' ')
    const request = new Request(`http://registry${path}`, { method })
    assert.equal(isSignInRequest(request), expected)
    const isCredential = gren.rateClass?.(request) === 'credential'
    assert.equal(isCredential, expected)
  })
}

describe('gren sign-in', () => {
  let world: Awaited<ReturnType<typeof openWorld>>
  let farEnd: SmtpFarEnd
  let t: TestApp
  before(async () => {
    world = await openWorld()
    farEnd = world.farEnd
    t = world.test
  })
  after(() => world.close())

  const send = (method: string, path: string, more: RequestInit = {}) =>
    fetch(`${world.url}${path}`, { method, ...more })
  const post = (path: string, body: unknown) =>
    send('POST', path, {
      headers: JSON_TYPE,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const json = async (response: Response) => (await response.json()) as Record<string, string>
  const lastMailTo = (email: string) => {
    const mail = farEnd.delivered.filter(({ to }) => to.includes(email)).at(-1)
    if (!mail) throw new Error(`no mail to ${email}`)
    return mail
  }
  const start = async (email: string) => {
    const answer = await post('/session', { email })
    assert.equal(answer.status, 200)
    const { fetchSessionToken = '' } = await json(answer)
    return { fetchSessionToken, emailConfirmationCode: codeOf(lastMailTo(email)) }
  }
  const signIn = async (email: string) => {
    const { sessionToken = '' } = await json(await post('/session/fetch', await start(email)))
    return { authorization: `Bearer ${sessionToken}` }
  }
  const startLink = async (email: string) => {
    const { fetchUrl = '' } = await json(await post('/users', { email }))
    return { fetchUrl, link: linkOf(lastMailTo(email)) }
  }

  test('by code, over SMTP, from the first word to signing out', async () => {
    const answer = await post('/session', { email: ' me@example.com ' })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const started = await json(answer)
    assert.deepEqual(Object.keys(started), ['fetchSessionToken'])
    const { fetchSessionToken = '' } = started
    assert.match(
      fetchSessionToken,
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    const mail = lastMailTo('me@example.com')
    assert.equal(mail.headers.get('subject'), 'Gren: Confirm your email address')
    const emailConfirmationCode = codeOf(mail)
    assert.ok(mail.html.includes(emailConfirmationCode))
    assert.doesNotMatch(mail.html, /<img|src=/)

    const fetched = await post('/session/fetch', { fetchSessionToken, emailConfirmationCode })
    assert.equal(fetched.status, 200)
    const { sessionToken } = await json(fetched)
    const headers = { authorization: `Bearer ${sessionToken}` }
    const me = await send('GET', '/user', { headers })
    assert.equal(me.status, 200)
    const { createdAt, ...user } = await json(me)
    assert.ok(createdAt)
    assert.deepEqual(user, { name: 'me', email: 'me@example.com', publishingIdentities: [] })

    const replay = await post('/session/fetch', { fetchSessionToken, emailConfirmationCode })
    assert.equal(replay.status, 400)
    assert.deepEqual(await json(replay), { message: 'Invalid token or confirmation code' })

    assert.equal((await send('DELETE', '/session', { headers })).status, 204)
    assert.equal((await send('GET', '/user', { headers })).status, 401)
  })

  test('by link, over SMTP: a scanner confirms nothing, the button does, the token comes once', async () => {
    const { fetchUrl, link } = await startLink('link@example.com')
    assert.match(fetchUrl, /\/gren\/users\/login\/\w+$/)
    for (let poll = 0; poll < 2; poll++) {
      const pending = await fetch(fetchUrl)
      assert.equal(pending.status, 202)
      assert.ok(Number(pending.headers.get('retry-after')) > 0)
      assert.deepEqual(await json(pending), { status: 'pending' })
      // What scanners of mail do.
      for (const method of ['GET', 'HEAD', 'GET']) {
        const page = await fetch(link, { method })
        assert.equal(page.status, 200)
        assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
        assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
        assert.equal(page.headers.get('cache-control'), 'no-store')
        assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
        const text = await page.text()
        if (method === 'GET') {
          assert.match(text, /<form method="post"><button/)
          assert.match(text, /link@example\.com/)
        }
        assert.doesNotMatch(text, /<script/)
      }
    }
    assert.equal(await findUserByEmail(world.app.database.db, 'link@example.com'), undefined)
    assert.equal((await fetch(fetchUrl, { method: 'HEAD' })).status, 405)
    const pressed = await fetch(link, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: '',
    })
    assert.equal(pressed.status, 200)
    assert.match(await pressed.text(), /You are signed in/)
    assert.equal((await fetch(fetchUrl, { method: 'HEAD' })).status, 405)
    const done = await fetch(fetchUrl)
    assert.equal(done.status, 200)
    assert.equal(done.headers.get('cache-control'), 'no-store')
    const { authToken } = await json(done)
    const me = await send('GET', '/user', { headers: { authorization: `Bearer ${authToken}` } })
    assert.equal((await json(me)).name, 'link')
    assert.equal((await fetch(fetchUrl)).status, 410)
    assert.equal((await fetch(link)).status, 410)
    assert.equal((await fetch(link, { method: 'POST' })).status, 410)
  })

  test('both are over after 15 minutes', async () => {
    const byCode = await start('late@example.com')
    const { fetchUrl, link } = await startLink('late@example.com')
    t.clock.advance(15 * 60)
    const answer = await post('/session/fetch', byCode)
    assert.equal(answer.status, 400)
    assert.deepEqual(await json(answer), { message: 'Invalid token or confirmation code' })
    assert.equal((await fetch(link)).status, 410)
    assert.equal((await fetch(link, { method: 'POST' })).status, 410)
    assert.equal((await fetch(fetchUrl)).status, 410)
  })

  test('what a client names itself is shown as text', async () => {
    const headers = { ...JSON_TYPE, 'user-agent': '<script>alert(1)</script>' }
    const body = JSON.stringify({ email: 'xss@example.com' })
    assert.equal((await send('POST', '/users', { headers, body })).status, 200)
    const mail = lastMailTo('xss@example.com')
    assert.doesNotMatch(mail.html, /<script/)
    assert.doesNotMatch(await (await fetch(linkOf(mail))).text(), /<script/)
  })

  test('brute force stops after five tries', async () => {
    const { fetchSessionToken, emailConfirmationCode } = await start('brute@example.com')
    const guess = (code: string) =>
      post('/session/fetch', { fetchSessionToken, emailConfirmationCode: code })
    for (let n = 0; n < 5; n++) assert.equal((await guess(`AAAA222${n + 2}`)).status, 400)
    assert.equal((await guess(emailConfirmationCode)).status, 400)
  })

  const noEmail = 'Request json did not contain a valid `email` field.'
  for (const path of ['/session', '/users']) {
    for (const body of [
      '',
      '{',
      '[]',
      '{}',
      '{"email":3}',
      '{"email":"a@.com"}',
      '{"email":"a"}',
    ]) {
      test(`POST ${path} ${body} is refused in upstream’s words`, async () => {
        const answer = await post(path, body)
        assert.equal(answer.status, 400)
        assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/)
        assert.equal(await answer.text(), noEmail)
      })
    }
  }

  for (const body of ['', '{', '{}', '{"fetchSessionToken":"x"}']) {
    test(`POST /session/fetch ${body} is refused in upstream’s words`, async () => {
      const answer = await post('/session/fetch', body)
      assert.equal(answer.status, 400)
      assert.equal(await answer.text(), 'Request json invalid.')
    })
  }

  test('other methods are not there', async () => {
    for (const path of ['/session', '/session/fetch']) {
      const answer = await send('GET', path)
      assert.equal(answer.status, 404)
      assert.equal(await answer.text(), 'not found')
    }
    assert.equal((await send('GET', '/users')).status, 405)
    assert.equal((await send('PUT', '/users/login/x')).status, 405)
    assert.equal((await send('DELETE', '/users/validate/x')).status, 405)
    assert.equal((await send('GET', '/user')).status, 401)
    assert.equal((await send('DELETE', '/session')).status, 401)
  })

  test('answers are the same with an account, without one and for who is locked out', async () => {
    await createUser(world.app, operator, { name: 'known', email: 'known@example.com' })
    await createUser(world.app, operator, { name: 'locked', email: 'locked@example.com' })
    await disableUser(world.app, operator, 'locked', true)
    const seen = new Set<string>()
    for (const who of ['known', 'locked', 'unknown']) {
      const answer = await post('/session', { email: `${who}@example.com` })
      const body = (await answer.text()).replace(/[0-9a-f-]{36}/, 'UUID')
      const headers = [...answer.headers.keys()].sort().join()
      seen.add(`${answer.status} ${headers} ${body}`)
    }
    assert.equal(seen.size, 1)
    const started = await start('locked@example.com')
    const answer = await post('/session/fetch', started)
    assert.equal(answer.status, 400)
    assert.deepEqual(await json(answer), { message: 'Invalid token or confirmation code' })
  })

  test('mail server down: sign-in says so; back again: it works, and nothing comes late', async () => {
    await farEnd.stop()
    for (const path of ['/session', '/users']) {
      const answer = await post(path, { email: 'down@example.com' })
      assert.equal(answer.status, 503)
      assert.ok(Number(answer.headers.get('retry-after')) > 0)
      assert.deepEqual(await json(answer), { message: 'Failed to send email' })
    }
    await farEnd.start()
    assert.equal(
      (await send('GET', '/user', { headers: await signIn('down@example.com') })).status,
      200,
    )
    const mails = farEnd.delivered.filter(({ to }) => to.includes('down@example.com'))
    assert.equal(mails.length, 1)
  })

  test('mail server down: a notice waits, and arrives once when it is back', async () => {
    await createUser(world.app, operator, { name: 'told', email: 'told@example.com' })
    await farEnd.stop()
    const token = { name: 'ci', scopes: ['read' as const] }
    await createToken(world.app, operator, { user: 'told' }, token)
    await sendDueMail(world.app)
    await farEnd.start()
    await sendDueMail(world.app)
    for (let minutes = 0; minutes < 3; minutes++) {
      t.clock.advance(60)
      await sendDueMail(world.app)
    }
    const notices = farEnd.delivered.filter(({ to }) => to.includes('told@example.com'))
    assert.deepEqual(
      notices.map(({ headers }) => headers.get('subject')),
      ['New token of your account'],
    )
  })

  test('a mail server that takes it and says nothing: within the time, and the mail is worth nothing', async () => {
    farEnd.mood = 'silent'
    world.settings.signInMailSeconds = 0.3
    const startedAt = performance.now()
    const answer = await post('/session', { email: 'silent@example.com' })
    farEnd.mood = 'kind'
    world.settings.signInMailSeconds = 10
    assert.equal(answer.status, 503)
    assert.ok(performance.now() - startedAt < 5000)
    const row = await world.app.database.db
      .selectFrom('signIns')
      .select('state')
      .where('email', '=', 'silent@example.com')
      .executeTakeFirst()
    assert.equal(row?.state, 'dead')
  })

  test('no line of the log has a secret', async () => {
    const { fetchUrl, link } = await startLink('logged@example.com')
    await fetch(fetchUrl)
    await fetch(link)
    await fetch(link, { method: 'POST' })
    await fetch(fetchUrl)
    await fetch(fetchUrl)
    const log = world.lines.join('\n')
    assert.match(log, /\/gren\/users\/login\/ent_\*\*\*/)
    for (const url of [fetchUrl, link]) assert.ok(!log.includes(url.split('/').at(-1) ?? ''))
  })
})

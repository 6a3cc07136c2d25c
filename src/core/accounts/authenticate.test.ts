import assert from 'node:assert/strict'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { issueGrant } from '#core/tokens/grant.ts'
import { generateSecret } from '#core/tokens/secret.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { authenticate, type Shown } from './authenticate.ts'

const MAX = 5

describe('authentication', () => {
  let t: TestApp
  let ann: Person
  let robot: Person

  before(async () => {
    t = await openTestApp({ maxFailedCredentialsPerMinute: MAX })
    ann = await person(t.app, 'ann_b')
    await createNamespace(t.app, operator, { name: 'acme_x', owner: 'ann_b' })
    robot = await credential(t.app, { namespace: 'acme_x', role: 'reader' }, { name: 'ci' })
  })
  after(() => t.close())

  let lastAddress = 0
  const fresh = () => `198.51.100.${++lastAddress}`
  const as = (shown: Shown | undefined, address = fresh()) =>
    authenticate(t.app, shown, { address, requestId: 'r7' })
  const fail = (address: string, userName?: string) =>
    as({ secret: generateSecret(), ...(userName !== undefined && { userName }) }, address)

  test('showing nothing is being anonymous', async () => {
    const actor = await as(undefined, '192.0.2.9')
    assert.equal(actor.kind, 'anonymous')
    assert.equal(actor.address, '192.0.2.9')
    assert.equal(actor.requestId, 'r7')
  })

  test('a user name must fit the secret’s owner', async () => {
    for (const userName of ['ann_b', 'ANN_B', '__token__', 'token', '']) {
      assert.equal((await as({ secret: ann.secret, userName })).name, 'user:ann_b', userName)
    }
    for (const userName of ['acme_x+ci', 'ACME_x+ci', 'acme-x', 'acme_x', '__token__']) {
      assert.equal((await as({ secret: robot.secret, userName })).name, 'robot:acme_x/ci', userName)
    }
    const wrong: Array<[Person, string]> = [
      [ann, 'bob'],
      [ann, 'ann'],
      [ann, 'acme_x'],
      [ann, 'undefined'],
      [robot, 'ann_b'],
      [robot, 'acme_x+cd'],
      [robot, 'acme_x+ci+x'],
      [robot, 'acme_x+'],
      [robot, 'acme'],
    ]
    for (const [who, userName] of wrong) {
      const shown = { secret: who.secret, userName }
      await assert.rejects(as(shown), failsWith('credential_invalid'), userName)
    }
  })

  test('wrong secrets are counted by address; then even right ones must wait', async () => {
    const unseen = await credential(t.app, { user: 'ann_b' })
    const address = fresh()
    for (let i = 0; i < MAX; i++)
      await assert.rejects(fail(address), failsWith('credential_invalid'))
    await assert.rejects(as({ secret: unseen.secret }, address), (error: unknown) => {
      assert.ok(failsWith('rate_limited')(error))
      const { retryAfterSeconds } = error as { retryAfterSeconds: number }
      assert.ok(retryAfterSeconds >= 1 && retryAfterSeconds <= 60, `${retryAfterSeconds}`)
      return true
    })
    await assert.rejects(as({ secret: 'nonsense' }, address), failsWith('rate_limited'))
    assert.equal((await as({ secret: ann.secret }, address)).kind, 'user', 'known before')
    assert.equal((await as({ secret: unseen.secret })).kind, 'user', 'from elsewhere')
  })

  test('a minute later the address may try again', async () => {
    const unseen = await credential(t.app, { user: 'ann_b' })
    const address = fresh()
    for (let i = 0; i < MAX; i++)
      await assert.rejects(fail(address), failsWith('credential_invalid'))
    await assert.rejects(as({ secret: unseen.secret }, address), failsWith('rate_limited'))
    t.clock.advance(60)
    assert.equal((await as({ secret: unseen.secret }, address)).kind, 'user')
  })

  test('twins on one database count together', async () => {
    const twin = await t.openTwin()
    const address = fresh()
    for (let i = 0; i < MAX; i++) {
      const shown = { secret: generateSecret() }
      const wrong = authenticate(i % 2 ? twin : t.app, shown, { address, requestId: '' })
      await assert.rejects(wrong, failsWith('credential_invalid'))
    }
    await assert.rejects(fail(address), failsWith('rate_limited'))
    const shown = { secret: generateSecret() }
    const wrong = authenticate(twin, shown, { address, requestId: '' })
    await assert.rejects(wrong, failsWith('rate_limited'))
  })

  test('guesses all at once get no more answers than one after the other', async () => {
    const address = fresh()
    const guesses = await Promise.allSettled(Array.from({ length: 4 * MAX }, () => fail(address)))
    const codes = guesses.map((guess) => (guess.status === 'rejected' ? guess.reason.code : 'in'))
    assert.equal(codes.filter((code) => code === 'credential_invalid').length, MAX)
    assert.equal(codes.filter((code) => code === 'rate_limited').length, 3 * MAX)
  })

  test('one IPv6 network is one address', async () => {
    for (let i = 0; i < MAX; i++) {
      await assert.rejects(fail(`2001:db8::${i + 1}`), failsWith('credential_invalid'))
    }
    await assert.rejects(fail('2001:db8::ffff'), failsWith('rate_limited'))
    await assert.rejects(fail('2001:db8:0:1::1'), failsWith('credential_invalid'))
  })

  test('one user is not guessed from everywhere', async () => {
    const unseen = await credential(t.app, { user: 'ann_b' })
    for (let i = 0; i < 10 * MAX; i++) {
      await assert.rejects(fail(`203.0.113.${i}`, 'Ann-B'), failsWith('credential_invalid'))
    }
    const shown = { secret: unseen.secret, userName: 'ann_b' }
    await assert.rejects(as(shown, '203.0.113.200'), failsWith('rate_limited'))
    const unnamed = { secret: unseen.secret, userName: '__token__' }
    assert.equal((await as(unnamed, '203.0.113.200')).kind, 'user')
  })

  test('a grant is good only where it is expected, while its token lives, until it expires', async () => {
    const grants = new Map([['acme_x/web', new Set(['pull'])]])
    const owner = await as({ secret: ann.secret })
    const secret = await issueGrant(t.app, owner, grants, 300)
    const actor = await as({ secret, mayBeGrant: true })
    assert.equal(actor.name, 'user:ann_b')
    assert.deepEqual([...(actor.grants ?? [])], [['acme_x/web', new Set(['pull'])]])
    await assert.rejects(as({ secret }), failsWith('credential_invalid'))
    const address = fresh()
    const forged = `${secret.slice(0, -3)}abc`
    for (let i = 0; i <= MAX; i++) {
      const shown = { secret: forged, mayBeGrant: true }
      await assert.rejects(as(shown, address), failsWith('credential_invalid'))
    }
    t.clock.advance(301)
    await assert.rejects(as({ secret, mayBeGrant: true }), failsWith('credential_invalid'))
  })
})

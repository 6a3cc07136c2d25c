import assert from 'node:assert/strict'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { now } from '#core/app.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import { removeMember } from '#core/namespaces/members/remove-member.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, eventually, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { createToken } from './create-token.ts'
import { findIdentity, findIdentityOfToken, peekIdentity } from './find-identity.ts'
import { flushLastUsed } from './last-used.ts'
import { listTokens } from './list-tokens.ts'
import { revokeToken } from './revoke-token.ts'
import { generateSecret } from './secret.ts'

describe('tokens', () => {
  let t: TestApp
  let ann: Person
  let bob: Person
  let boss: Person
  let acmeId: number
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }

  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    bob = await person(t.app, 'bob')
    boss = await person(t.app, 'boss', { isOperator: true })
    acmeId = (await createNamespace(t.app, await ann.actor(), { name: 'acme' })).id
    await addMember(t.app, operator, 'acme', { user: 'bob', role: 'publisher' })
  })
  after(() => t.close())

  const read = { name: 'ci', scopes: ['read'] } as const
  const audited = (tokenId: number) =>
    t.app.database.db
      .selectFrom('audit')
      .select(['action', 'actor', 'namespaceId'])
      .where('subject', '=', `token:${tokenId}`)
      .orderBy('id')
      .execute()

  test('a user makes their own; the secret is shown once and stored as its hash only', async () => {
    const { token, secret } = await createToken(t.app, await ann.actor(), { user: 'ANN' }, read)
    assert.deepEqual(token.owner, { user: 'ann' })
    assert.deepEqual(token.scopes, ['read'])
    const { hash, ...row } = await t.app.database.db
      .selectFrom('tokens')
      .selectAll()
      .where('id', '=', token.id)
      .executeTakeFirstOrThrow()
    assert.match(hash, /^[0-9a-f]{64}$/)
    assert.ok(!JSON.stringify([row, token]).includes(secret))
    const lines = await t.app.database.db.selectFrom('audit').select('detail').execute()
    assert.ok(!JSON.stringify(lines).includes(secret))
    assert.deepEqual(await audited(token.id), [
      { action: 'token.create', actor: 'user:ann', namespaceId: null },
    ])
    assert.equal((await findIdentity(t.app, secret))?.name, 'user:ann')
    assert.equal((await findIdentityOfToken(t.app, token.id))?.name, 'user:ann')
  })

  test('who may make whose', async () => {
    const readOnly = await credential(t.app, { user: 'ann' }, { scopes: ['read'] })
    const elsewhere = await credential(
      t.app,
      { user: 'ann' },
      { onlyNamespaces: [await otherId()] },
    )
    const robot = { namespace: 'acme', role: 'publisher' } as const
    const cases: Array<[string, Actor, Parameters<typeof createToken>[2], string | undefined]> = [
      ['nobody for ann', nobody, { user: 'ann' }, 'unauthenticated'],
      ['bob for ann', await bob.actor(), { user: 'ann' }, 'forbidden'],
      ['bob for nobody known', await bob.actor(), { user: 'nobody' }, 'forbidden'],
      ['ann, without admin scope', await readOnly.actor(), { user: 'ann' }, 'scope_missing'],
      ['operator for ann', await boss.actor(), { user: 'ann' }, undefined],
      ['operator for nobody known', await boss.actor(), { user: 'nobody' }, 'user_unknown'],
      ['system for ann', operator, { user: 'ann' }, undefined],
      ['admin for a robot', await ann.actor(), robot, undefined],
      ['operator for a robot', await boss.actor(), robot, undefined],
      ['publisher for a robot', await bob.actor(), robot, 'forbidden'],
      ['nobody for a robot', nobody, robot, 'unauthenticated'],
      ['admin limited to elsewhere for a robot', await elsewhere.actor(), robot, 'forbidden'],
      ['nowhere', operator, { namespace: 'nowhere', role: 'reader' }, 'namespace_unknown'],
    ]
    for (const [what, actor, owner, code] of cases) {
      const made = createToken(t.app, actor, owner, read)
      if (code === undefined) assert.ok((await made).secret, what)
      else await assert.rejects(made, failsWith(code), what)
    }
  })

  async function otherId(): Promise<number> {
    return (await createNamespace(t.app, operator, { name: 'other', owner: 'ann' })).id
  }

  test('a token is weaker than its owner when it says so', async () => {
    const weak = await credential(
      t.app,
      { user: 'boss' },
      { scopes: ['read'], onlyNamespaces: [acmeId] },
    )
    const actor = await weak.actor()
    assert.deepEqual([...actor.scopes], ['read'])
    assert.deepEqual([...(actor.onlyNamespaces ?? [])], [acmeId])
    await assert.rejects(
      addMember(t.app, actor, 'acme', { user: 'boss', role: 'admin' }),
      failsWith('scope_missing'),
    )
  })

  test('a token cannot make a stronger one', async () => {
    const limited = await credential(
      t.app,
      { user: 'ann' },
      { scopes: ['admin', 'read'], onlyNamespaces: [acmeId], expiresAt: now(t.app) + 1000 },
    )
    const actor = await limited.actor()
    const attempts: Array<[Parameters<typeof createToken>[3], string]> = [
      [{ name: 'x', scopes: ['publish'] }, 'scope_missing'],
      [{ name: 'x', scopes: ['read'], onlyNamespaces: [acmeId, acmeId + 1] }, 'forbidden'],
      [{ name: 'x', scopes: ['read'], expiresAt: now(t.app) + 1001 }, 'forbidden'],
    ]
    for (const [asked, code] of attempts) {
      await assert.rejects(createToken(t.app, actor, { user: 'ann' }, asked), failsWith(code))
    }
    const { token } = await createToken(t.app, actor, { user: 'ann' }, read)
    assert.deepEqual(token.onlyNamespaces, [acmeId])
    assert.equal(token.expiresAt, actor.expiresAt)
  })

  test('limits name what exists', async () => {
    const make = (limits: object) =>
      createToken(t.app, operator, { user: 'ann' }, { ...read, ...limits })
    await assert.rejects(make({ onlyNamespaces: [99_999] }), failsWith('namespace_unknown'))
    await assert.rejects(make({ onlyPackages: [99_999] }), failsWith('package_unknown'))
    await assert.rejects(make({ name: '' }), failsWith('name_invalid'))
    await assert.rejects(make({ name: 'a\nb' }), failsWith('name_invalid'))
    await assert.rejects(make({ name: 'a'.repeat(65) }), failsWith('name_invalid'))
  })

  test('a robot is its namespace’s, with its role there and nothing else', async () => {
    const robot = await credential(t.app, { namespace: 'acme', role: 'publisher' }, { name: 'CI' })
    const actor = await robot.actor()
    assert.equal(actor.kind, 'robot')
    assert.equal(actor.name, 'robot:acme/ci')
    assert.equal(actor.userId, undefined)
    assert.deepEqual([...actor.roles], [[acmeId, 'publisher']])
    await assert.rejects(createNamespace(t.app, actor, { name: 'robots' }), failsWith('forbidden'))
    assert.deepEqual(await audited(robot.tokenId), [
      { action: 'token.create', actor: 'system:cli', namespaceId: acmeId },
    ])
  })

  test('roles are the owner’s of now', async () => {
    assert.equal((await bob.actor()).roles.get(acmeId), 'publisher')
    await addMember(t.app, operator, 'acme', { user: 'bob', role: 'reader' })
    assert.equal((await bob.actor()).roles.get(acmeId), 'reader')
    await removeMember(t.app, operator, 'acme', 'bob')
    assert.equal((await bob.actor()).roles.has(acmeId), false)
    await addMember(t.app, operator, 'acme', { user: 'bob', role: 'publisher' })
  })

  test('a revoked token is dead at once, in every process; revoking again says nothing', async () => {
    const twin = await t.openTwin()
    const token = await credential(t.app, { user: 'ann' })
    await token.actor(twin)
    assert.ok(peekIdentity(twin, token.secret), 'the twin has it in memory')
    await revokeToken(t.app, await ann.actor(), token.tokenId)
    await revokeToken(t.app, await ann.actor(), token.tokenId)
    assert.equal(await findIdentity(t.app, token.secret), undefined)
    assert.equal(await findIdentityOfToken(t.app, token.tokenId), undefined)
    await eventually(async () => assert.equal(peekIdentity(twin, token.secret), undefined))
    assert.equal(await findIdentity(twin, token.secret), undefined)
    assert.deepEqual(
      (await audited(token.tokenId)).map(({ action }) => action),
      ['token.create', 'token.revoke'],
    )
  })

  test('a stranger’s token does not exist', async () => {
    const robot = await credential(t.app, { namespace: 'acme', role: 'reader' })
    for (const id of [ann.tokenId, robot.tokenId, 999_999, -1, Number.NaN]) {
      await assert.rejects(revokeToken(t.app, await bob.actor(), id), failsWith('token_unknown'))
    }
    await assert.rejects(revokeToken(t.app, nobody, ann.tokenId), failsWith('unauthenticated'))
    assert.ok(await findIdentity(t.app, ann.secret))
    assert.ok(await findIdentity(t.app, robot.secret))
  })

  test('who may revoke', async () => {
    const fresh = () => credential(t.app, { user: 'ann' })
    const robot = () => credential(t.app, { namespace: 'acme', role: 'reader' })
    const weak = await credential(t.app, { user: 'ann' }, { scopes: ['read'] })
    const limited = await credential(t.app, { user: 'ann' }, { onlyNamespaces: [acmeId] })
    await revokeToken(t.app, await boss.actor(), (await fresh()).tokenId)
    await revokeToken(t.app, await boss.actor(), (await robot()).tokenId)
    await revokeToken(t.app, await ann.actor(), (await robot()).tokenId)
    await revokeToken(t.app, await limited.actor(), (await robot()).tokenId)
    const { tokenId } = await fresh()
    await assert.rejects(
      revokeToken(t.app, await weak.actor(), tokenId),
      failsWith('scope_missing'),
    )
    await assert.rejects(revokeToken(t.app, await limited.actor(), tokenId), failsWith('forbidden'))
    // Whoever finds a leaked token may end it with itself.
    await revokeToken(t.app, await weak.actor(), weak.tokenId)
    assert.equal(await findIdentity(t.app, weak.secret), undefined)
  })

  test('expiry is by the clock, also for what is in memory', async () => {
    const token = await credential(t.app, { user: 'ann' }, { expiresAt: now(t.app) + 10_000 })
    assert.ok(await findIdentity(t.app, token.secret))
    t.clock.advance(9)
    assert.ok(peekIdentity(t.app, token.secret), 'it is in memory')
    t.clock.advance(1)
    assert.equal(peekIdentity(t.app, token.secret), undefined)
    assert.equal(await findIdentity(t.app, token.secret), undefined)
  })

  test('what is no secret of ours stands for nobody, and leaves nothing in memory', async () => {
    const { entries } = t.app.cache.stats
    for (const secret of ['', 'x', ann.secret.slice(1), generateSecret(), `${ann.secret} `]) {
      assert.equal(await findIdentity(t.app, secret), undefined)
    }
    assert.equal(t.app.cache.stats.entries, entries)
  })

  test('lists show an owner’s living tokens, to those who may handle them', async () => {
    const cid = await person(t.app, 'cid')
    const second = await credential(t.app, { user: 'cid' }, { name: 'second' })
    const gone = await credential(t.app, { user: 'cid' })
    await revokeToken(t.app, operator, gone.tokenId)
    const page = await listTokens(t.app, await cid.actor(), { user: 'cid' }, { limit: 1 })
    assert.deepEqual(
      page.items.map(({ id }) => id),
      [cid.tokenId],
    )
    const rest = await listTokens(t.app, operator, { user: 'cid' }, { after: page.next ?? '' })
    assert.deepEqual(
      rest.items.map(({ id, name }) => [id, name]),
      [[second.tokenId, 'second']],
    )
    assert.equal(rest.next, undefined)

    const robots = await listTokens(t.app, await ann.actor(), { namespace: 'acme' })
    assert.ok(robots.items.length > 0)
    assert.ok(robots.items.every(({ owner }) => 'namespace' in owner && owner.namespace === 'acme'))
    assert.ok((await listTokens(t.app, await boss.actor(), undefined)).items.length > 5)

    const list = async (who: Person, owner: Parameters<typeof listTokens>[2]) =>
      listTokens(t.app, await who.actor(), owner)
    await assert.rejects(list(bob, { user: 'cid' }), failsWith('forbidden'))
    await assert.rejects(list(bob, { namespace: 'acme' }), failsWith('forbidden'))
    await assert.rejects(list(bob, undefined), failsWith('forbidden'))
    await assert.rejects(listTokens(t.app, nobody, { user: 'cid' }), failsWith('unauthenticated'))
  })

  test('last use is written in batches, once a minute', async () => {
    const dan = await person(t.app, 'dan')
    const lastUsed = async () =>
      (await listTokens(t.app, operator, { user: 'dan' })).items[0]?.lastUsedAt
    const first = now(t.app)
    await dan.actor()
    assert.equal(await lastUsed(), undefined)
    await flushLastUsed(t.app)
    assert.equal(await lastUsed(), first)
    t.clock.advance(59)
    await dan.actor()
    await flushLastUsed(t.app)
    assert.equal(await lastUsed(), first)
    t.clock.advance(1)
    await dan.actor()
    await flushLastUsed(t.app)
    assert.equal(await lastUsed(), first + 60_000)
  })
})

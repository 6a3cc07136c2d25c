import assert from 'node:assert/strict'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { eventually, failsWith, person } from '#test/actors.ts'
import { openTestApp, type TestApp } from '#test/app.ts'
import { issueGrant, issueRefresh } from './grant.ts'
import { reportToken } from './report-token.ts'
import { generateSecret } from './secret.ts'

describe('reporting a leaked token', () => {
  let t: TestApp
  const finder: Actor = { ...ANONYMOUS, address: '192.0.2.9', requestId: 'r9' }

  before(async () => {
    t = await openTestApp()
  })
  after(() => t.close())

  const reports = (tokenId: number) =>
    t.app.database.db
      .selectFrom('audit')
      .select(['actor', 'address', 'credential'])
      .where('action', '=', 'token.report')
      .where('subject', '=', `token:${tokenId}`)
      .execute()

  test('ends it in every process, audited once', async () => {
    const ann = await person(t.app, 'ann')
    const twin = await t.openTwin()
    await ann.actor(twin)
    await reportToken(t.app, finder, ann.secret)
    await reportToken(t.app, finder, ann.secret)
    await assert.rejects(ann.actor(), failsWith('credential_invalid'))
    await eventually(() => assert.rejects(ann.actor(twin), failsWith('credential_invalid')))
    assert.deepEqual(await reports(ann.tokenId), [
      { actor: 'anonymous', address: '192.0.2.9', credential: '' },
    ])
  })

  test('a derived credential ends what it was made from', async () => {
    for (const [name, derive] of [
      ['bob', (actor: Actor) => issueGrant(t.app, actor, new Map(), 60)],
      ['eve', (actor: Actor) => issueRefresh(t.app, actor)],
    ] as const) {
      const who = await person(t.app, name)
      await reportToken(t.app, finder, await derive(await who.actor()))
      await assert.rejects(who.actor(), failsWith('credential_invalid'))
    }
  })

  test('what is no token of ours does nothing', async () => {
    const sue = await person(t.app, 'sue')
    const anonymous = await issueGrant(t.app, finder, new Map(), 60)
    for (const text of ['', 'x', '\0', generateSecret(), `${sue.secret}x`, 'ey.ey.ey', anonymous]) {
      await reportToken(t.app, finder, text)
    }
    await sue.actor()
  })
})

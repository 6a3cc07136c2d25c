import assert from 'node:assert/strict'
import type { App } from '#core/app.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestApp, type TestApp } from '#test/app.ts'
import { takeRate } from './limit.ts'

const RULE = { name: 'write', limit: 3, windowSeconds: 60 }

describe('rate limits', () => {
  let opened: TestApp
  let app: App
  before(async () => {
    opened = await openTestApp()
    app = opened.app
    opened.clock.now = new Date('2026-01-01T00:00:10.250Z')
  })
  after(() => opened.close())

  test('allows as many as the rule says, then says when to come back', async () => {
    const results = []
    for (let i = 0; i < 5; i++) results.push(await takeRate(app, RULE, 'user:1'))
    assert.deepEqual(
      results.map(({ allowed, remaining }) => [allowed, remaining]),
      [
        [true, 2],
        [true, 1],
        [true, 0],
        [false, 0],
        [false, 0],
      ],
    )
    const [first, , , fourth] = results
    assert.ok(first && fourth)
    const minute = Date.parse('2026-01-01T00:01:00Z') / 1000
    for (const { resetAt, retryAfterSeconds, rule } of [first, fourth]) {
      assert.deepEqual([resetAt.getTime() / 1000, retryAfterSeconds], [minute, 50])
      assert.equal(rule, RULE)
    }
  })

  test('subjects and rules are counted apart, twins together', async () => {
    const twin = await opened.openTwin()
    assert.equal((await takeRate(app, RULE, 'user:2')).remaining, 2)
    assert.equal((await takeRate(twin, RULE, 'user:2')).remaining, 1)
    assert.equal((await takeRate(app, { ...RULE, name: 'read' }, 'user:2')).remaining, 2)
    assert.equal((await takeRate(app, RULE, 'user:3')).remaining, 2)
  })

  test('a cost counts that often, and a cost of 0 only looks', async () => {
    assert.equal((await takeRate(app, RULE, 'user:4', 2)).remaining, 1)
    const look = await takeRate(app, RULE, 'user:4', 0)
    assert.deepEqual([look.allowed, look.remaining], [true, 1])
    await takeRate(app, RULE, 'user:4')
    assert.equal((await takeRate(app, RULE, 'user:4', 0)).allowed, false)
    assert.equal((await takeRate(app, RULE, 'user:5', 4)).allowed, false)
  })

  test('a new window forgives', async () => {
    await takeRate(app, RULE, 'user:6', 4)
    opened.clock.now = new Date('2026-01-01T00:00:59.999Z')
    const late = await takeRate(app, RULE, 'user:6')
    assert.equal(late.allowed, false)
    assert.equal(late.retryAfterSeconds, 1)
    opened.clock.now = new Date('2026-01-01T00:01:00Z')
    assert.equal((await takeRate(app, RULE, 'user:6')).allowed, true)
  })

  test('0 is unlimited: nothing is counted, no headers', async () => {
    const free = { name: 'free', limit: 0, windowSeconds: 60 }
    for (let i = 0; i < 100; i++) assert.equal((await takeRate(app, free, 'user:7')).allowed, true)
    assert.equal((await takeRate(app, free, 'user:7')).limit, 0)
    assert.equal((await takeRate(app, { ...free, limit: 1 }, 'user:7')).remaining, 0)
  })
})

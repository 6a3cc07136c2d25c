import assert from 'node:assert/strict'
import type { ChangeSignal } from '#core/db/dialect.ts'
import { test } from '#runtime/test.ts'
import { ReadCache } from './read-cache.ts'

function setUp(maxBytes = 100_000) {
  let news: readonly string[] | 'all' = []
  const signal: ChangeSignal & { isTrusted: boolean } = {
    isTrusted: true,
    poll: () => {
      const told = news
      news = []
      return told
    },
  }
  const cache = new ReadCache(signal, maxBytes)
  const keep = (key: string, topics: string[], epoch = cache.begin()) =>
    cache.set(key, key, topics, { epoch, bytes: 100 })
  const tell = (topics: readonly string[] | 'all') => {
    news = topics
    cache.begin()
  }
  return { cache, signal, keep, tell }
}

test('a topic drops what was kept under it and nothing else', () => {
  const { cache, keep } = setUp()
  keep('a', ['package:1', 'namespace:1'])
  keep('b', ['package:2', 'namespace:1'])
  cache.drop(['package:1'])
  assert.deepEqual([cache.get('a'), cache.get('b')], [undefined, 'b'])
  cache.drop(['namespace:1'])
  assert.equal(cache.get('b'), undefined)
  assert.deepEqual(cache.stats, { entries: 0, bytes: 0 })
})

test('a load that began before a change of its topic is not kept', () => {
  const { cache, keep, tell } = setUp()
  const epoch = cache.begin()
  tell(['package:1'])
  keep('stale', ['package:1'], epoch)
  keep('other', ['package:2'], epoch)
  assert.deepEqual([cache.get('stale'), cache.get('other')], [undefined, 'other'])
  tell('all')
  keep('after all', ['package:2'], epoch)
  assert.equal(cache.get('after all'), undefined)
})

test('when drops are no longer remembered one by one, older loads are refused', () => {
  const { cache, keep } = setUp()
  const epoch = cache.begin()
  cache.drop(Array.from({ length: 10_001 }, (_, n) => `package:${n}`))
  keep('old', ['user:1'], epoch)
  assert.equal(cache.get('old'), undefined)
  keep('new', ['user:1'])
  assert.equal(cache.get('new'), 'new')
})

test('nothing is served or kept while changes may be missed', () => {
  const { cache, signal, keep } = setUp()
  keep('a', ['package:1'])
  signal.isTrusted = false
  keep('b', ['package:1'])
  assert.equal(cache.get('a'), undefined)
  signal.isTrusted = true
  assert.deepEqual([cache.get('a'), cache.get('b')], ['a', undefined])
})

test('the oldest leave when it is full, and the count of bytes stays right', () => {
  const { cache, keep } = setUp(8 * 410)
  for (let n = 0; n < 20; n++) keep(`k${n}`, [`package:${n}`])
  assert.equal(cache.get('k0'), undefined)
  assert.equal(cache.get('k19'), 'k19')
  assert.ok(cache.stats.bytes <= 8 * 410)
  cache.clear()
  assert.deepEqual(cache.stats, { entries: 0, bytes: 0 })
})

test('reading through loads once, and again after a change', async () => {
  const { cache } = setUp()
  let loads = 0
  const read = () => cache.through('x', async () => ({ value: ++loads, topics: ['package:1'] }))
  assert.deepEqual([await read(), await read()], [1, 1])
  cache.drop(['package:1'])
  assert.equal(await read(), 2)
})

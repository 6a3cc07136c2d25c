import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from '#runtime/test.ts'
import { rateCounterContract } from '#test/rate-counter-contract.ts'
import { openSqliteRates } from './sqlite-rates.ts'

rateCounterContract('SQLite', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'entrepot-rates-'))
  const [counter, twin] = [0, 1].map(() => openSqliteRates(join(dir, 'rates.db')))
  assert.ok(counter && twin)
  return {
    counter,
    twin,
    async close() {
      counter.close()
      twin.close()
      await rm(dir, { recursive: true })
    },
  }
})

describe('SQLite rates', () => {
  const at = new Date()
  let dir = ''
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'entrepot-rates-'))
  })
  after(() => rm(dir, { recursive: true }))

  test('a file that cannot be read is replaced', async () => {
    const path = join(dir, 'garbage.db')
    await writeFile(path, 'this is not a database'.repeat(1000))
    const rates = openSqliteRates(path)
    assert.equal((await rates.add('a', 60, 1, at)).count, 1)
    assert.equal((await rates.add('a', 60, 1, at)).count, 2)
    rates.close()
  })

  test('counts outlive the process', async () => {
    const path = join(dir, 'kept.db')
    const first = openSqliteRates(path)
    await first.add('a', 60, 3, at)
    first.close()
    const second = openSqliteRates(path)
    assert.equal((await second.add('a', 60, 1, at)).count, 4)
    second.close()
  })

  test('a failure that is not about the contents is thrown', async () => {
    const rates = openSqliteRates(join(dir, 'missing', 'rates.db'))
    await assert.rejects(rates.add('a', 60, 1, at))
  })
})

import assert from 'node:assert/strict'
import { createTestDatabase } from '#test/postgres.ts'
import { rateCounterContract } from '#test/rate-counter-contract.ts'
import { openPostgres } from './postgres.ts'
import { postgresRates } from './postgres-rates.ts'

// biome-ignore lint/style/noProcessEnv: the test runner tells its tests where PostgreSQL is.
const skip = process.env.TEST_DATABASE_URL ? undefined : 'TEST_DATABASE_URL is not set'

rateCounterContract(
  'PostgreSQL',
  async () => {
    const scratch = await createTestDatabase()
    assert.ok(scratch)
    const options = { url: scratch.url, poolSize: 4, onError: () => {} }
    const [first, second] = [await openPostgres(options), await openPostgres(options)]
    return {
      counter: postgresRates(first.db),
      twin: postgresRates(second.db),
      async close() {
        await first.close()
        await second.close()
        await scratch.drop()
      },
    }
  },
  skip,
)

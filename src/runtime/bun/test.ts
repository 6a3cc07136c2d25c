import * as bun from 'bun:test'
import type { DeclareTest, TestBody, TestOptions } from '../types.ts'

const TEST_TIMEOUT_MS = 60_000
const HOOK_TIMEOUT_MS = 120_000

/** Declares a test; with `skip: 'why'` only says, loudly, that and why it does not run. */
export const test: DeclareTest = (
  name: string,
  second: TestOptions | TestBody,
  third?: TestBody,
): void => {
  const options = typeof second === 'function' ? {} : second
  const body = typeof second === 'function' ? second : third
  if (!body) throw new TypeError(`test without a body: ${name}`)
  const timeout = options.timeout ?? TEST_TIMEOUT_MS
  if (options.skip) {
    process.stderr.write(`SKIPPED: ${name}: ${options.skip}\n`)
    // JUnit has no place for Bun's reasons: scripts/test.ts reads them from the name.
    bun.test.skip(`${name} # SKIP ${options.skip}`, async () => void (await body()), timeout)
    return
  }
  bun.test(name, async () => void (await body()), timeout)
}

/** Groups tests. */
export function describe(name: string, body: () => void): void {
  bun.describe(name, body)
}

/** Runs once before the tests of the group or file. */
export function before(body: TestBody): void {
  bun.beforeAll(async () => void (await body()), HOOK_TIMEOUT_MS)
}

/** Runs once after the tests of the group or file. */
export function after(body: TestBody): void {
  bun.afterAll(async () => void (await body()), HOOK_TIMEOUT_MS)
}

/** Runs before each test of the group or file. */
export function beforeEach(body: TestBody): void {
  bun.beforeEach(async () => void (await body()), HOOK_TIMEOUT_MS)
}

/** Runs after each test of the group or file. */
export function afterEach(body: TestBody): void {
  bun.afterEach(async () => void (await body()), HOOK_TIMEOUT_MS)
}

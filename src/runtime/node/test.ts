import * as node from 'node:test'
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
    void node.test(`${name} # SKIP ${options.skip}`, { skip: options.skip })
    return
  }
  void node.test(name, { timeout }, async () => void (await body()))
}

/** Groups tests. */
export function describe(name: string, body: () => void): void {
  void node.describe(name, () => body())
}

/** Runs once before the tests of the group or file. */
export function before(body: TestBody): void {
  node.before(async () => void (await body()), { timeout: HOOK_TIMEOUT_MS })
}

/** Runs once after the tests of the group or file. */
export function after(body: TestBody): void {
  node.after(async () => void (await body()), { timeout: HOOK_TIMEOUT_MS })
}

/** Runs before each test of the group or file. */
export function beforeEach(body: TestBody): void {
  node.beforeEach(async () => void (await body()), { timeout: HOOK_TIMEOUT_MS })
}

/** Runs after each test of the group or file. */
export function afterEach(body: TestBody): void {
  node.afterEach(async () => void (await body()), { timeout: HOOK_TIMEOUT_MS })
}

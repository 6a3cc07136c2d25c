/**
 * Runs every test on Bun with SQLite, on Bun with PostgreSQL, and on Node with SQLite.
 * test.ts [--quick] [part of a file's path]…
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findBun } from './find-bun.ts'
import { readTestCases, type TestCase } from './junit.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'

const TEST_TIMEOUT_MS = 60_000

/** Slow tests run on Bun with SQLite; elsewhere only those for which the other half matters. */
const SLOW_ON_POSTGRES = /crash|database-faults|storm|backup|hostile-manifests/
const SLOW_ON_NODE = /full-disk|storm|cli\/(?:serve|usage)/

interface Run {
  readonly label: string
  /** Of the slow tests only these; all when missing. */
  readonly slow?: RegExp
  readonly runtime: 'bun' | 'node'
  readonly env: Readonly<Record<string, string | undefined>>
}

interface Outcome {
  readonly label: string
  readonly cases: readonly TestCase[]
  /** Failures that no test case tells of: a crash, or nothing run at all. */
  readonly faults: readonly string[]
}

const NOTHING_FOUND: Outcome = { label: 'all', cases: [], faults: ['found no test file'] }

const root = join(import.meta.dirname, '..')
const interrupted = new AbortController()
let interruptedBy: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interruptedBy ??= signal
    interrupted.abort()
  })
}

const { values: flags, positionals: filters } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const files = findTests()
// Without files, both runtimes would look for some themselves.
process.exitCode = report(files.length > 0 ? await runAll() : [NOTHING_FOUND])
if (interruptedBy) process.exitCode = 128 + (constants.signals[interruptedBy] ?? 0)

function findTests(): string[] {
  return ['src', 'test']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => {
      const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      return names.map((name) => `./${folder}/${name.replaceAll('\\', '/')}`)
    })
    .filter((file) => file.endsWith('.test.ts') && !(flags.quick && file.endsWith('.slow.test.ts')))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort()
}

async function runAll(): Promise<Outcome[]> {
  const sqlite = { TEST_DATABASE_URL: undefined }
  if (flags.quick) return [await run({ label: 'Bun, SQLite', runtime: 'bun', env: sqlite })]
  let postgres: TestPostgres | undefined
  try {
    const outcomes = [await run({ label: 'Bun, SQLite', runtime: 'bun', env: sqlite })]
    let url = testDatabaseUrl()
    if (!url && !interruptedBy) {
      say('\nstarting PostgreSQL\n')
      postgres = await startPostgres(root)
      url = postgres.url
    }
    const env = { TEST_DATABASE_URL: url }
    outcomes.push(
      await run({ label: 'Bun, PostgreSQL', runtime: 'bun', env, slow: SLOW_ON_POSTGRES }),
    )
    outcomes.push(
      await run({ label: 'Node, SQLite', runtime: 'node', env: sqlite, slow: SLOW_ON_NODE }),
    )
    return outcomes
  } finally {
    await postgres?.stop()
  }
}

function testDatabaseUrl(): string | undefined {
  return process.env.TEST_DATABASE_URL
}

async function run({ label, runtime, env, slow }: Run): Promise<Outcome> {
  if (interruptedBy) return { label, cases: [], faults: [`interrupted by ${interruptedBy}`] }
  // A filter on the command line means just those files, everywhere.
  const chosen =
    slow && filters.length === 0
      ? files.filter((name) => !name.endsWith('.slow.test.ts') || slow.test(name))
      : files
  say(`\n== ${label}: ${chosen.length} files ==\n`)
  const folder = await mkdtemp(join(tmpdir(), 'entrepot-test-'))
  const file = join(folder, 'junit.xml')
  try {
    const code = await execute(
      runtime === 'bun' ? bunCommand(file, chosen) : nodeCommand(file, chosen),
      env,
    )
    const cases = existsSync(file) ? readTestCases(readFileSync(file, 'utf8')) : []
    return {
      label,
      cases,
      faults: [...faultsOf(cases, code), ...silentFiles(runtime, cases, chosen)],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function faultsOf(cases: readonly TestCase[], code: number): string[] {
  if (interruptedBy) return [`interrupted by ${interruptedBy}`]
  const hasFailure = cases.some((test) => test.outcome === 'failed')
  if (code !== 0 && !hasFailure) return [`ended with exit code ${code} but no failed test`]
  if (!cases.some((test) => test.outcome === 'passed') && !hasFailure) return ['ran no test']
  return []
}

/** Bun's report says nothing of a file that failed to load; Node's has a failed test for it. */
function silentFiles(
  runtime: Run['runtime'],
  cases: readonly TestCase[],
  chosen: readonly string[],
): string[] {
  if (runtime === 'node' || cases.length === 0) return []
  const heard = new Set(cases.map((test) => `./${test.file}`))
  return chosen.filter((file) => !heard.has(file)).map((file) => `ran no test of ${file}`)
}

function bunCommand(reportFile: string, chosen: readonly string[]): string[] {
  const reporter = ['--reporter=junit', `--reporter-outfile=${reportFile}`]
  const bun = findBun(root)
  return [bun, 'test', `--timeout=${TEST_TIMEOUT_MS}`, ...reporter, ...chosen]
}

function nodeCommand(reportFile: string, chosen: readonly string[]): string[] {
  const spec = ['--test-reporter=spec', '--test-reporter-destination=stdout']
  const junit = ['--test-reporter=junit', `--test-reporter-destination=${reportFile}`]
  // One file at a time, as on Bun: tests may measure time and memory.
  const settings = ['--test-concurrency=1', '--disable-warning=ExperimentalWarning']
  return [process.execPath, '--test', ...settings, ...spec, ...junit, ...chosen]
}

function execute(command: readonly string[], env: Run['env']): Promise<number> {
  const [program = '', ...parameters] = command
  const child = spawn(program, parameters, {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'test', ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const end = () => child.kill('SIGTERM')
  interrupted.signal.addEventListener('abort', end)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      interrupted.signal.removeEventListener('abort', end)
      resolve(code ?? 1)
    })
  })
}

/** Says how it went, and gives the exit code. */
function report(outcomes: readonly Outcome[]): number {
  const total = { passed: 0, failed: 0, skipped: 0 }
  say('\n')
  for (const { label, cases, faults } of outcomes) {
    const count = (outcome: TestCase['outcome']) =>
      cases.filter((test) => test.outcome === outcome).length
    const failed = count('failed') + faults.length
    total.passed += count('passed')
    total.failed += failed
    total.skipped += count('skipped')
    say(`${label}: ${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped\n`)
    for (const fault of faults) say(`  FAILED: the run ${fault}\n`)
    for (const { outcome, name, file, reason } of cases) {
      if (outcome === 'failed') say(`  FAILED: ${name} (${file})\n`)
      if (outcome === 'skipped') say(`  SKIPPED: ${name}: ${reason || 'no reason given'}\n`)
    }
  }
  const { passed, failed, skipped } = total
  say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  return failed === 0 ? 0 : 1
}

function say(text: string): void {
  process.stdout.write(text)
}

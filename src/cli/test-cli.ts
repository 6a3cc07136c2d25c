import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environment } from '#config.ts'
import { createTestDatabase } from '#test/postgres.ts'

/** The launcher, as people call it. */
export const PROGRAM: string = join(import.meta.dirname, '..', '..', 'bin', 'entrepot')

/** What a finished command left. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A server under test, started as people start it. */
export interface StartedServer {
  readonly url: string
  /** What it said on stdout when it was up. */
  readonly banner: string
  readonly startMs: number
  stderr(): string
  kill(signal: NodeJS.Signals): void
  /** Resolves when it ended by itself or by a signal. */
  readonly ended: Promise<Ran>
}

/** A folder of its own, a database of its own, and the real command line in it. */
export interface TestCli {
  readonly dir: string
  /** The environment's setting of the database, when the tests run on PostgreSQL. */
  readonly databaseUrl: string | undefined
  run(args: readonly string[], env?: Record<string, string>): Promise<Ran>
  /** A line as somebody would type it. */
  shell(line: string, env?: Record<string, string>): Promise<Ran>
  serve(args?: readonly string[], env?: Record<string, string>): Promise<StartedServer>
  close(): Promise<void>
}

/** Opens it: SQLite, or PostgreSQL when TEST_DATABASE_URL is set. */
export async function openTestCli(): Promise<TestCli> {
  const dir = await mkdtemp(join(tmpdir(), 'entrepot-cli-'))
  const target = await createTestDatabase()
  const running = new Set<ChildProcess>()
  const start = (command: string, args: readonly string[], env: Record<string, string> = {}) => {
    const database = target && { ENTREPOT_DATABASE_URL: target.url }
    const child = spawn(command, args, {
      cwd: dir,
      env: { ...inherited(), ENTREPOT_RUNTIME: runtime(), ...database, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    child.once('close', () => running.delete(child))
    return child
  }
  return {
    dir,
    databaseUrl: target?.url,
    run: (args, env) => collect(start(PROGRAM, args, env)),
    shell: (line, env) => collect(start('/bin/sh', ['-c', line], env)),
    serve: (args = [], env) =>
      untilServing(start(PROGRAM, ['serve', '--listen', '127.0.0.1:0', ...args], env)),
    async close() {
      for (const child of running) child.kill('SIGKILL')
      await target?.drop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function inherited(): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR } = environment()
  return { PATH, HOME, ...(TMPDIR && { TMPDIR }) }
}

function runtime(): 'bun' | 'node' {
  return process.versions.bun ? 'bun' : 'node'
}

function collect(child: ChildProcess): Promise<Ran> {
  const ran = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => {
    ran.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    ran.stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...ran }))
  })
}

async function untilServing(child: ChildProcess): Promise<StartedServer> {
  const startedAt = performance.now()
  let banner = ''
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = collect(child)
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      banner += chunk
      const found = /serves (http:\S+)/.exec(banner)?.[1]
      if (found && /database /.test(banner)) resolve(found)
    })
    void ended.then((ran) => reject(new Error(`the server ended: ${ran.stderr}`)), reject)
  })
  return {
    url,
    get banner() {
      return banner
    },
    startMs: performance.now() - startedAt,
    stderr: () => stderr,
    kill: (signal) => child.kill(signal),
    ended,
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type OpenApp, openApp } from '#compose.ts'
import { loadConfig } from '#config.ts'
import type { Log } from '#core/app.ts'
import { ecosystems } from '#ecosystems/index.ts'

/** Where a registry keeps its things, and what else it is told. */
export interface ProcessOptions {
  readonly dataDir: string
  /** A PostgreSQL database; SQLite in the data directory without. */
  readonly databaseUrl?: string | undefined
  /** ENTREPOT_… settings. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A registry in a process of its own. */
export interface ServerProcess {
  readonly url: string
  readonly pid: number
  /** What it wrote to stdout and stderr. */
  log(): string
  /** SIGKILL: nothing is flushed or finished. */
  kill(): Promise<void>
  /** SIGTERM, as operators do. */
  stop(): Promise<void>
}

const ROOT = join(import.meta.dirname, '..')
const PROGRAM = [join(ROOT, 'src', 'main.ts'), 'serve']
const START_MS = 60_000

/** Starts a registry of its own on a free port (this runtime, this source) and waits until it answers. */
export async function startServerProcess(options: ProcessOptions): Promise<ServerProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = { ...baseEnvironment(), ...settingsOf(options), ENTREPOT_LISTEN: `127.0.0.1:${port}` }
  const child = spawn(process.execPath, PROGRAM, { cwd: ROOT, env, stdio: 'pipe' })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-100_000)
    })
  }
  const server: ServerProcess = {
    url,
    pid: child.pid ?? 0,
    log: () => log,
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
  }
  for (const giveUpAt = Date.now() + START_MS; ; ) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${log}`)
    if (await answers(url)) return server
    if (Date.now() > giveUpAt) {
      await server.kill()
      throw new Error(`the server did not answer in ${START_MS / 1000} s:\n${log}`)
    }
    await sleep(30)
  }
}

/** Opens the same data here, as the command line does while servers run on it. */
export function openData(options: ProcessOptions): Promise<OpenApp> {
  const config = loadConfig({
    env: settingsOf(options),
    flags: {},
    cwd: ROOT,
    readFile: () => undefined,
    ecosystems: ecosystems.map(({ id }) => id),
  })
  return openApp(config, quietLog)
}

/** A number of /proc/<pid>/status in bytes: VmHWM is the most memory ever resident, VmRSS the present. */
export async function memoryOf(pid: number, field: 'VmHWM' | 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kilobytes = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]
  if (kilobytes === undefined) throw new Error(`no ${field} of process ${pid}`)
  return Number(kilobytes) * 1024
}

/** A port of the loopback interface that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

const quietLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  // biome-ignore lint/suspicious/noConsole: a test that logs an error should show it.
  error: (fields, message) => console.error(message, fields),
}

/** Without the settings of whoever runs the tests. */
function baseEnvironment(): Record<string, string> {
  // biome-ignore lint/style/noProcessEnv: handed on to a process
  const entries = Object.entries(process.env)
  const kept = entries.filter(([name]) => !name.startsWith('ENTREPOT_'))
  // As bin/entrepot sets it.
  const launcher = { BUN_JSC_forceRAMSize: '500000000' }
  return {
    ...launcher,
    ...Object.fromEntries(kept.flatMap(([name, value]) => (value ? [[name, value]] : []))),
  }
}

function settingsOf(options: ProcessOptions): Record<string, string> {
  return {
    ENTREPOT_DATA: options.dataDir,
    ENTREPOT_LOG_LEVEL: 'warn',
    ENTREPOT_RATES_WRITE_AUTHENTICATED: '0',
    ENTREPOT_RATES_CREDENTIAL_ANONYMOUS: '0',
    ENTREPOT_RATES_CREDENTIAL_AUTHENTICATED: '0',
    ...(options.databaseUrl && { ENTREPOT_DATABASE_URL: options.databaseUrl }),
    ...options.settings,
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/v2/`)
    await response.arrayBuffer()
    return true
  } catch {
    return false
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  const force = setTimeout(() => child.kill('SIGKILL'), 40_000)
  await gone
  clearTimeout(force)
}

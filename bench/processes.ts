import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** A server under measurement. */
export interface Running {
  readonly baseUrl: string
  readonly pid: number
  stop(): Promise<void>
}

/** Which core runs the measured server and which the load; undefined where nothing can be pinned. */
export interface Cores {
  readonly server: number
  readonly load: number
}

interface ServerCommand {
  readonly command: readonly string[]
  readonly port: number
  /** Answers 2xx once the server is up. */
  readonly readyPath: string
  readonly logFile: string
  readonly core: number | undefined
}

const execute = promisify(execFile)

/** Runs a command to its end and gives its stdout; a failure carries its stderr. */
export async function output(command: readonly string[]): Promise<string> {
  const [file = '', ...args] = command
  const { stdout } = await execute(file, args, { maxBuffer: 16 * 1024 * 1024 })
  return stdout.trim()
}

/** Where a program is installed, looking beyond PATH at Debian's sbin as well. */
export async function findProgram(name: string): Promise<string | undefined> {
  const script = `PATH="$PATH:/usr/sbin:/sbin" command -v ${name}`
  return output(['sh', '-c', script]).catch(() => undefined)
}

/** One core for the server and another for the load, when the machine has two and taskset. */
export async function chooseCores(): Promise<Cores | undefined> {
  if (cpus().length < 2 || !(await findProgram('taskset'))) return undefined
  return { server: 1, load: 0 }
}

/** The command, bound to a core; taskset replaces itself, so the pid stays that of the program. */
export function pinned(command: readonly string[], core: number | undefined): readonly string[] {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command]
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

/** Starts a server and waits until it answers; on failure shows the end of its log. */
export async function startServer(server: ServerCommand): Promise<Running> {
  const [file = '', ...args] = pinned(server.command, server.core)
  const log = openSync(server.logFile, 'a')
  const child = spawn(file, args, { stdio: ['ignore', log, log] })
  const baseUrl = `http://127.0.0.1:${server.port}`
  const failed = once(child, 'exit').then(([code]) => `exited with ${code}`)
  failed.catch(() => undefined)
  const problem = await Promise.race([failed.catch(String), answers(baseUrl + server.readyPath)])
  if (problem !== undefined || child.pid === undefined) {
    await stopChild(child)
    const tail = readFileSync(server.logFile, 'utf8').slice(-2000)
    throw new Error(`${server.command.join(' ')}: ${problem}\n${tail}`)
  }
  return { baseUrl, pid: child.pid, stop: () => stopChild(child) }
}

async function answers(url: string): Promise<string | undefined> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const response = await fetch(url).catch(() => undefined)
    await response?.arrayBuffer()
    if (response?.ok) return undefined
    await sleep(100)
  }
  return `no answer from ${url} in 30 s`
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(timer)
}

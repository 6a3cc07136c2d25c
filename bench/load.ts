import { join } from 'node:path'
import type { Headers } from './content.ts'
import { cpuSeconds, machineCpuSeconds, reapedCpuSeconds } from './cpu.ts'
import { output, pinned } from './processes.ts'

/** What a load generator prints. */
export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Transport errors, time-outs and answers that are not 2xx or 3xx. */
  readonly failures: number
}

/** One measured stretch of load against one server. */
export interface Sample extends LoadResult {
  readonly perSecond: number
  readonly cpuMicrosPerRequest: number
  /** Share of one core; a load near 1 hides how fast the server really is. */
  readonly serverBusy: number
  readonly loadBusy: number
  /** What everything else on the machine used meanwhile; much of it makes the figures doubtful. */
  readonly othersBusy: number
}

/** Reads by wrk: one URL, or a random one of a numbered range. */
export interface ReadLoad {
  readonly url: string
  readonly headers: Headers
  readonly connections: number
  readonly range?: { readonly prefix: string; readonly first: number; readonly last: number }
}

/** What a load generator of our own is told: clients that each wait for their answer. */
export interface ClientLoad {
  readonly baseUrl: string
  readonly headers: Headers
  readonly clients: number
  readonly seconds: number
}

/** Runs of stock git, one after the other; TARGET among the arguments is a new folder each time. */
export interface GitLoad {
  readonly arguments: readonly string[]
  readonly seconds: number
}

/** The command of a wrk run. */
export function readCommand(load: ReadLoad, seconds: number): readonly string[] {
  const headers = Object.entries(load.headers).flatMap(([name, value]) => [
    '-H',
    `${name}: ${value}`,
  ])
  const range = load.range
  const script = join(import.meta.dirname, 'wrk.lua')
  return [
    ...['wrk', '--threads', '1', '--connections', String(load.connections)],
    ...['--duration', `${seconds}s`, '--timeout', '10s', '--script', script],
    ...headers,
    load.url,
    ...(range ? ['--', range.prefix, String(range.first), String(range.last)] : []),
  ]
}

/** The command of a load generator of our own: its own process, so that its CPU is not the server's. */
export function clientCommand(script: string, load: ClientLoad | GitLoad): readonly string[] {
  return [process.execPath, join(import.meta.dirname, script), JSON.stringify(load)]
}

/** Runs a load generator on its core and accounts the CPU of both sides. */
export async function measure(
  command: readonly string[],
  serverPid: number,
  core: number | undefined,
): Promise<Sample> {
  const serverBefore = cpuSeconds(serverPid)
  const loadBefore = reapedCpuSeconds()
  const machineBefore = machineCpuSeconds()
  const printed = await output(pinned(command, core))
  const serverCpu = cpuSeconds(serverPid) - serverBefore
  const loadCpu = reapedCpuSeconds() - loadBefore
  const othersCpu = machineCpuSeconds() - machineBefore - serverCpu - loadCpu
  const result: LoadResult = JSON.parse(printed.slice(printed.lastIndexOf('\n') + 1))
  if (result.failures > 0 || result.requests === 0) {
    throw new Error(
      `${result.failures} of ${result.requests} requests failed: ${command.join(' ')}`,
    )
  }
  return {
    ...result,
    perSecond: result.requests / result.seconds,
    cpuMicrosPerRequest: (serverCpu * 1e6) / result.requests,
    serverBusy: serverCpu / result.seconds,
    loadBusy: loadCpu / result.seconds,
    othersBusy: othersCpu / result.seconds,
  }
}

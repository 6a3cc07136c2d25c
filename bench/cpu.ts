import { readdirSync, readFileSync } from 'node:fs'
import { output } from './processes.ts'

interface ProcessTimes {
  readonly parent: number
  /** Of all threads, also ended ones. */
  readonly own: number
  /** Of children that ended and were waited for. */
  readonly reaped: number
}

let ticksPerSecond = 0

/** Reads the unit of /proc/<pid>/stat; to be called once before anything is measured. */
export async function prepareCpuClock(): Promise<void> {
  ticksPerSecond = Number(await output(['getconf', 'CLK_TCK']))
}

/** CPU seconds (user and system) used so far by a process, its threads and all its descendants. */
export function cpuSeconds(pid: number): number {
  const all = new Map<number, ProcessTimes>()
  for (const entry of readdirSync('/proc')) {
    const times = /^\d+$/.test(entry) ? readTimes(entry) : undefined
    if (times) all.set(Number(entry), times)
  }
  if (!all.has(pid)) throw new Error(`process ${pid} is gone`)
  let ticks = 0
  for (const [id, times] of all) {
    if (isWithin(all, id, pid)) ticks += times.own + times.reaped
  }
  return ticks / ticksPerSecond
}

/** CPU seconds of the children this process waited for: what the load generators cost. */
export function reapedCpuSeconds(): number {
  return (readTimes('self')?.reaped ?? 0) / ticksPerSecond
}

/** CPU seconds of the whole machine, also what the hypervisor took away. */
export function machineCpuSeconds(): number {
  const total = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = total
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond
}

function isWithin(all: Map<number, ProcessTimes>, start: number, root: number): boolean {
  let id = start
  while (id > 1) {
    if (id === root) return true
    id = all.get(id)?.parent ?? 0
  }
  return false
}

/** Undefined for a process that ended meanwhile. */
function readTimes(pid: string): ProcessTimes | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may contain anything: count fields after it. See proc(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const field = (index: number) => Number(fields[index - 3])
    return { parent: field(4), own: field(14) + field(15), reaped: field(16) + field(17) }
  } catch {
    return undefined
  }
}

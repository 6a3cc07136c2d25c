import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { type Cores, findProgram, output } from './processes.ts'
import { quantile } from './statistics.ts'

/** What the figures depend on, as name and value. */
export type Facts = Readonly<Record<string, string>>

const tmpfsMagic = 0x01021994

/** Describes the machine and the programs; measures how long the disk takes to keep 10 KB. */
export async function describeMachine(directory: string, cores: Cores | undefined): Promise<Facts> {
  const root = join(import.meta.dirname, '..')
  const node = join(root, 'node_modules', '.bin', 'node')
  const commit = output(['git', '-C', root, 'describe', '--always', '--dirty'])
  return {
    date: new Date().toISOString().slice(0, 10),
    CPU: cpus()[0]?.model.trim() ?? 'unknown',
    cores: String(cpus().length),
    pinning: cores
      ? `server on core ${cores.server}, load on core ${cores.load}`
      : 'NONE: fewer than two cores, or taskset is missing',
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: `Linux ${release()}`,
    disk: `${directory} on ${fileSystemOf(directory)}`,
    fsync: measureFsync(directory),
    entrepot: await commit.catch(() => 'unknown'),
    bun: process.versions.bun ?? 'not used',
    node: await output([node, '--version']).catch(() => 'not installed'),
    'docker-registry': await versionOf('docker-registry', '--version'),
    nginx: await versionOf('nginx', '-v'),
    wrk: await versionOf('wrk', '-v'),
  }
}

/** True where fsync is free, so that durable writes measure nothing. */
export function isMemoryOnly(directory: string): boolean {
  return statfsSync(directory).type === tmpfsMagic
}

/** Some print their version on stderr, and wrk exits with 1. */
async function versionOf(name: string, flag: string): Promise<string> {
  const program = await findProgram(name)
  if (!program) return 'NOT INSTALLED'
  const text = await output(['sh', '-c', `${program} ${flag} 2>&1 | head -1`])
  return /\d+\.\d+[^\s[]*/.exec(text)?.[0] ?? text
}

/** The kind of the file system with the longest mount point above the directory. */
function fileSystemOf(directory: string): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n')
  let best = { point: '', kind: 'unknown' }
  for (const line of mounts) {
    const [device = '', point = '', kind = ''] = line.split(' ')
    const above = `${directory}/`.startsWith(point === '/' ? '/' : `${point}/`)
    if (above && point.length >= best.point.length) best = { point, kind: `${kind} (${device})` }
  }
  return best.kind
}

function measureFsync(directory: string): string {
  const block = Buffer.alloc(10 * 1024, 1)
  const times: number[] = []
  for (let round = 0; round < 200; round++) {
    const path = join(directory, `fsync-${round}`)
    const file = openSync(path, 'w')
    writeSync(file, block)
    const began = performance.now()
    fsyncSync(file)
    times.push(performance.now() - began)
    closeSync(file)
    rmSync(path)
  }
  const microseconds = (share: number) => Math.round(quantile(times, share) * 1000)
  return `new 10 KB file: median ${microseconds(0.5)} µs, p99 ${microseconds(0.99)} µs`
}

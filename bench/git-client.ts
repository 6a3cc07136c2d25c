import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GitLoad, LoadResult } from './load.ts'

/** Runs stock git against a repository, one run after the other. */
const load: GitLoad = JSON.parse(process.argv[2] ?? '{}')
const home = mkdtempSync(join(tmpdir(), 'entrepot-bench-git-'))
const env = {
  PATH: process.env.PATH,
  HOME: home,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
}
const latencies: number[] = []
const begin = performance.now()
try {
  for (let run = 0; performance.now() < begin + load.seconds * 1000; run++) {
    const target = join(home, `clone-${run}`)
    const args = load.arguments.map((one) => (one === 'TARGET' ? target : one))
    const began = performance.now()
    execFileSync('git', args, { env, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] })
    latencies.push(performance.now() - began)
    rmSync(target, { recursive: true, force: true })
  }
} finally {
  rmSync(home, { recursive: true })
}
const seconds = (performance.now() - begin) / 1000
latencies.sort((a, b) => a - b)
const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0
const result: LoadResult = {
  requests: latencies.length,
  seconds,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  failures: 0,
}
process.stdout.write(`${JSON.stringify(result)}\n`)

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const bin = join(import.meta.dirname, '..', 'node_modules', '.bin')

/** What must hold before a commit, cheapest first; every one of them can fail. */
const STEPS: ReadonlyArray<{ name: string; command: string; args: readonly string[] }> = [
  {
    name: 'format, lint and layer rules',
    command: join(bin, 'biome'),
    args: ['check', '--error-on-warnings', '.'],
  },
  { name: 'types', command: join(bin, 'tsc'), args: ['--noEmit'] },
  { name: 'dead code', command: join(bin, 'knip'), args: [] },
  {
    name: 'generated documents',
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', 'scripts/docs.ts', '--check'],
  },
]

let failed = 0
for (const { name, command, args } of STEPS) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'}  ${name}`)
  if (status !== 0) failed++
}
process.exitCode = failed === 0 ? 0 : 1

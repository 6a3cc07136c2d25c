/** Makes the single executable: build.ts [entry] [outfile] */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findBun } from './find-bun.ts'

const root = join(import.meta.dirname, '..')
const [entry = 'src/main.ts', outfile = 'dist/entrepot'] = process.argv.slice(2)
const { status } = spawnSync(
  findBun(root),
  [
    'build',
    '--compile',
    '--minify-syntax',
    '--minify-whitespace',
    // Optional, native, and not installed: pg asks for it only when told to.
    '--external=pg-native',
    // The executable reads entrepot.toml and the environment, and no files meant for Bun.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    entry,
    `--outfile=${outfile}`,
  ],
  { cwd: root, stdio: 'inherit' },
)
process.exitCode = status ?? 1

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Bun's program. Without its install script the package is a stub, and the platform's has it. */
export function findBun(root: string): string {
  const oven = join(root, 'node_modules/@oven')
  const platforms = existsSync(oven) ? readdirSync(oven) : []
  const candidates = platforms.map((name) => join(oven, name, 'bin/bun'))
  const found = [...candidates, join(root, 'node_modules/bun/bin/bun.exe')].find(existsSync)
  if (!found) throw new Error('bun is not installed: run npm install')
  return found
}

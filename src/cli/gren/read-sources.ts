import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from '#cli/failure.ts'

/** The modules of a package by their names, and what was passed over. */
export interface Sources {
  readonly modules: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
}

interface Found {
  readonly modules: Map<string, string>
  readonly warnings: string[]
}

/** Where JavaScript is taken from; elsewhere it is not. */
const KERNEL = 'Gren/Kernel'

/** Reads what the client puts into a bundle: all of `src` that is Gren, and kernel code. */
export async function readSources(folder: string): Promise<Sources> {
  const found: Found = { modules: new Map(), warnings: [] }
  await readLevel(join(folder, 'src'), '', found)
  const sorted = [...found.modules].sort(([one], [other]) => (one < other ? -1 : 1))
  return { modules: new Map(sorted), warnings: found.warnings }
}

async function readLevel(root: string, below: string, found: Found): Promise<void> {
  const here = join(root, below)
  const entries = await readdir(here, { withFileTypes: true }).catch((error: unknown) => {
    throw new CliError(`cannot read ${here}`, 'the modules of a package are in its src', error)
  })
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) await readLevel(root, path, found)
    else if (!isSource(below, entry.name)) continue
    else if (entry.isFile()) found.modules.set(moduleOf(path), await readText(join(root, path)))
    else found.warnings.push(`src/${path} is no plain file, and left out as the compiler does`)
  }
}

function isSource(below: string, name: string): boolean {
  return name.endsWith('.gren') || (name.endsWith('.js') && below === KERNEL)
}

function moduleOf(path: string): string {
  return path.replace(/\.(gren|js)$/, '').replaceAll('/', '.')
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    const why = error instanceof TypeError ? 'it is not UTF-8' : 'it cannot be read'
    throw new CliError(`${path}: ${why}`, 'correct it and try again; nothing was sent', error)
  }
}

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type GlobRule, matchGlobs, parseGlobs } from './glob-rules.ts'
import type { PackFile } from './pack-archive.ts'
import { refuse } from './refusal.ts'

/** Which files of a folder are taken. Patterns are those of `parseGlobs`. */
export interface FolderChoice {
  /** Only what matches one of these, or is in a folder that does; everything when there is none. */
  readonly include?: readonly string[]
  /** Never what matches one of these, whatever is included. */
  readonly exclude?: readonly string[]
  /** Names of files whose lines exclude more, in their own folder and below: `.gitignore`. */
  readonly ignoreFiles?: readonly string[]
  /** Of all files together. */
  readonly maxBytes: number
}

/** What belongs to the machine or the version control, never to a package. */
const NEVER = ['.git', '.hg', '.svn', '.DS_Store', 'Thumbs.db']

/** Ignore rules and the folder they stand in, as a prefix of paths. */
interface Ignored {
  readonly base: string
  readonly rules: readonly GlobRule[]
}

interface Walk {
  readonly root: string
  readonly include: readonly GlobRule[]
  readonly exclude: readonly GlobRule[]
  readonly ignoreFiles: readonly string[]
  readonly maxBytes: number
  readonly files: PackFile[]
  bytes: number
}

/** A folder on the way: its path with a slash behind, what is ignored in it, whether all of it is taken. */
interface Step {
  readonly path: string
  readonly ignored: readonly Ignored[]
  readonly isIncluded: boolean
}

/**
 * Reads the chosen files below a folder, for `packArchive`. Nothing below an excluded folder is looked
 * at. A chosen link, pipe or device throws `unprocessable`, as it would when the archive is read.
 */
export async function readFolder(root: string, choice: FolderChoice): Promise<PackFile[]> {
  const walk: Walk = {
    root,
    include: parseGlobs(choice.include ?? []),
    exclude: parseGlobs([...(choice.exclude ?? []), ...NEVER]),
    ignoreFiles: choice.ignoreFiles ?? [],
    maxBytes: choice.maxBytes,
    files: [],
    bytes: 0,
  }
  await readStep(walk, { path: '', ignored: [], isIncluded: walk.include.length === 0 })
  return walk.files
}

async function readStep(walk: Walk, step: Step): Promise<void> {
  const here = join(walk.root, step.path)
  const entries = await readdir(here, { withFileTypes: true })
  const own = entries.filter((entry) => entry.isFile() && walk.ignoreFiles.includes(entry.name))
  const texts = await Promise.all(own.map((entry) => readFile(join(here, entry.name), 'utf8')))
  const rules = texts.flatMap((text) => parseGlobs(text.split('\n')))
  const ignored = rules.length ? [...step.ignored, { base: step.path, rules }] : step.ignored
  for (const entry of entries) {
    const path = `${step.path}${entry.name}`
    const isFolder = entry.isDirectory()
    if (matchGlobs(walk.exclude, path, isFolder) || isIgnored(ignored, path, isFolder)) continue
    const isIncluded = matchGlobs(walk.include, path, isFolder) ?? step.isIncluded
    if (isFolder) await readStep(walk, { path: `${path}/`, ignored, isIncluded })
    else if (isIncluded) await takeFile(walk, path, entry.isFile())
  }
}

async function takeFile(walk: Walk, path: string, isFile: boolean): Promise<void> {
  if (!isFile) refuse('link', 'only plain files can be packed: no links, pipes, devices', path)
  // Node shows bytes that are not UTF-8 like this; the file could not be opened by that name.
  if (path.includes('\ufffd')) refuse('utf8', 'the name is not UTF-8', path)
  const place = join(walk.root, path)
  const { size, mode } = await stat(place)
  walk.bytes += size
  if (walk.bytes > walk.maxBytes) {
    refuse('unpacked-size', `more than ${walk.maxBytes} bytes to pack`, path)
  }
  const bytes = new Uint8Array(await readFile(place))
  walk.files.push({ path, bytes, isExecutable: (mode & 0o100) !== 0 })
}

/** The innermost ignore file that says something decides. */
function isIgnored(ignored: readonly Ignored[], path: string, isFolder: boolean): boolean {
  const verdicts = ignored.map(({ base, rules }) =>
    matchGlobs(rules, path.slice(base.length), isFolder),
  )
  return verdicts.findLast((verdict) => verdict !== undefined) ?? false
}

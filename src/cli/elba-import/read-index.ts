import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { findText } from '#cli/client/text-file.ts'
import { CliError } from '#cli/failure.ts'
import { formatName, readName } from '#ecosystems/elba/name.ts'
import { readVersion } from '#ecosystems/elba/version.ts'
import { type Location, parseLocation } from './location.ts'

/** A line of an index: a release to be. */
export interface IndexEntry {
  /** As it was spelled. */
  readonly name: string
  /** The normalised name: what makes two spellings one package. */
  readonly key: string
  readonly version: string
  /** Normalised names of what it needs. */
  readonly needs: readonly string[]
  readonly isYanked: boolean
  readonly location: Location
}

/** A line that cannot be read. */
interface BadLine {
  /** Such as `acme/json, line 3`. */
  readonly place: string
  readonly reason: string
}

/** What an index holds. */
export interface Index {
  /** By package, each in the order of publishing. */
  readonly packages: ReadonlyMap<string, readonly IndexEntry[]>
  readonly bad: readonly BadLine[]
}

const CONFIG_FILE = 'index.toml'
const MAX_FILE_BYTES = 16 * 1024 * 1024
/** What elba takes for a name, which is more than what can be published here. */
const NAME = /^[\p{L}\p{N}_-]+$/u

const config = z.object({ index: z.object({ dependencies: z.record(z.string(), z.string()) }) })
const indexLine = z.object({
  name: z.string().max(200),
  version: z.string().max(200),
  dependencies: z
    .array(z.object({ name: z.string(), index: z.string().nullish(), req: z.string() }))
    .default([]),
  yanked: z.boolean().default(false),
  location: z.string().nullish(),
})

/** Reads the index in a folder: `index.toml`, and each file that is one folder below. */
export async function readIndex(folder: string): Promise<Index> {
  await checkConfig(folder)
  const packages = new Map<string, Map<string, IndexEntry>>()
  const bad: BadLine[] = []
  for await (const { file, at, line } of linesBelow(folder)) {
    const entry = readLine(line, file)
    if (typeof entry === 'string') bad.push({ place: `${file}, line ${at}`, reason: entry })
    else {
      const releases = packages.get(entry.key) ?? new Map<string, IndexEntry>()
      // To elba's client the last line about a version is the one that counts.
      packages.set(entry.key, releases.set(entry.version, entry))
    }
  }
  const listed = [...packages].map(([key, releases]) => [key, [...releases.values()]] as const)
  return { packages: new Map(listed), bad }
}

/** Every line that is not blank, with its file and its number there. */
async function* linesBelow(folder: string) {
  for (const group of await entriesOf(folder, 'folder')) {
    for (const name of await entriesOf(join(folder, group), 'file')) {
      const lines = await linesOf(join(folder, group, name))
      for (const [before, line] of lines.entries()) {
        if (line.trim() !== '') yield { file: `${group}/${name}`, at: before + 1, line }
      }
    }
  }
}

/** A line about the package of its file; or what is wrong with it. */
function readLine(line: string, file: string): IndexEntry | string {
  const raw = parseJson(line)
  if (raw === undefined) return 'it is not JSON'
  const parsed = indexLine.safeParse(raw)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return `${issue?.path.join('.') || 'the line'}: ${issue?.message ?? 'cannot be read'}`
  }
  const { name, version, dependencies, yanked, location } = parsed.data
  const parts = readName(name)
  if (!parts) return `${name.slice(0, 100)} is no name that can be published here`
  const key = formatName(parts)
  // The old registry wrote the original spelling, which its own clients never found.
  if (normalPath(file) !== key) return `it is about another package, ${name}`
  if (!readVersion(version)) return `${version.slice(0, 100)} is no version`
  const where = parseLocation(location ?? undefined)
  if (!where) return `${String(location).slice(0, 200)} is no location`
  return {
    name,
    key,
    version,
    needs: dependencies.flatMap((one) => normalPath(one.name) ?? []),
    isYanked: yanked,
    location: where,
  }
}

function normalPath(raw: string): string | undefined {
  const parts = readName(raw)
  return parts && formatName(parts)
}

/** Without its file of settings a folder is no index, but perhaps somebody's home. */
async function checkConfig(folder: string): Promise<void> {
  const text = await findText(join(folder, CONFIG_FILE))
  const hint = 'name a folder or git repository with an index.toml in it'
  if (text === undefined) throw new CliError('there is no index: no index.toml', hint)
  try {
    if (config.safeParse(parse(text)).success) return
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
  }
  throw new CliError('index.toml is not that of an elba index', hint)
}

/** Names of plain folders or files that elba would look at, sorted; no links. */
async function entriesOf(folder: string, kind: 'folder' | 'file'): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => (kind === 'folder' ? entry.isDirectory() : entry.isFile()))
    .map(({ name }) => name)
    .filter((name) => NAME.test(name))
    .sort()
}

async function linesOf(path: string): Promise<string[]> {
  const { size } = await stat(path)
  if (size > MAX_FILE_BYTES) {
    throw new CliError(`${path} has more than ${MAX_FILE_BYTES} bytes`, 'is this an elba index?')
  }
  return (await readFile(path, 'utf8')).split('\n')
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

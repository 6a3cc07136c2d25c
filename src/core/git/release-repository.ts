import { createHash } from 'node:crypto'
import type { App } from '#core/app.ts'
import { packageTopic } from '#core/cache/topics.ts'
import type { Package } from '#core/packages/package.ts'
import { commitCommands, DONE, type GitFile, isRefWord, resetCommand } from './fast-import.ts'
import type { Git, GitRepository } from './git.ts'
import { listReleaseFiles, type ReleaseFiles } from './release-files.ts'

/** What the commit of a release says and holds. */
export interface GitSnapshot {
  readonly message: string
  readonly files: readonly GitFile[]
}

/** How an ecosystem's releases become commits. */
export interface ReleaseShape {
  readonly compareVersions: (a: string, b: string) => number
  /** Made of the release's files alone: the same bytes are the same commit on every registry. */
  readonly snapshot: (app: App, release: ReleaseFiles) => Promise<GitSnapshot>
}

/** A release as git has it. */
export interface TaggedCommit {
  readonly version: string
  /** The commit's id. */
  readonly commit: string
}

/** A package's repository, up to date. */
export interface ReleaseRepository {
  readonly name: string
  /** From the lowest version to the highest, which the branch `main` names too. */
  readonly tags: readonly TaggedCommit[]
}

/** What the database says that a repository must show. */
interface Wanted {
  readonly name: string
  /** From the lowest to the highest. */
  readonly versions: readonly string[]
}

/** A version, and when it was removed, if it was. */
interface EveryVersion {
  readonly version: string
  readonly removedAt: number | null
}

/** To be raised when the same release is made into another commit than before. */
const FORMAT = 1
/**
 * Every commit is of this time (1980-01-01, the first that archives know), so that a commit's id says
 * what is in it and nothing else: it is the same on every node, after every rebuild, on every
 * registry that has the release.
 */
const COMMITTED_AT = 315_532_800
/** Versions whose files are looked up with one query. */
const BATCH = 100
const BYTES_PER_TAG = 200
const MAX_ATTEMPTS = 2

/** Updates under way in this process, by package: two would do the same work. */
const updatesOf = new WeakMap<Git, Map<number, Promise<ReleaseRepository>>>()

/**
 * The package's git repository: a commit without parents and a tag for each version that was not
 * removed. It is made, mended or brought up to date first, if need be. The caller has checked that
 * the package may be read.
 */
export async function openReleaseRepository(
  app: App,
  from: Package,
  shape: ReleaseShape,
): Promise<ReleaseRepository> {
  const updates = updatesOf.get(app.git) ?? new Map<number, Promise<ReleaseRepository>>()
  updatesOf.set(app.git, updates)
  for (;;) {
    app.cache.begin()
    const kept = app.cache.get(cacheKey(from)) as ReleaseRepository | undefined
    if (kept && (await app.git.find(kept.name))) return kept
    const running = updates.get(from.id)
    if (!running) break
    // It may have begun before what this caller must see: then nothing was kept, and the next begins.
    await running.catch(() => undefined)
  }
  const update = bringUpToDate(app, from, shape).finally(() => updates.delete(from.id))
  updates.set(from.id, update)
  return await update
}

/** The name that a package's repository has now: another one as soon as a version is removed. */
export async function currentRepositoryName(
  app: App,
  from: Pick<Package, 'id' | 'ecosystem'>,
): Promise<string> {
  return nameOf(from, await listEvery(app, from.id))
}

async function bringUpToDate(
  app: App,
  from: Package,
  shape: ReleaseShape,
): Promise<ReleaseRepository> {
  const epoch = app.cache.begin()
  const every = await listEvery(app, from.id)
  const versions = every.flatMap(({ version, removedAt }) =>
    removedAt === null && isRefWord(version) ? [version] : [],
  )
  const wanted = { name: nameOf(from, every), versions: versions.sort(shape.compareVersions) }
  const { refs } = await ensureImported(app, from, shape, wanted)
  const tags = wanted.versions.flatMap((version) => {
    const commit = refs.get(tagRef(version))
    return commit === undefined ? [] : [{ version, commit }]
  })
  const repository = { name: wanted.name, tags }
  // What could not be made is tried again by the next who asks.
  if (tags.length === wanted.versions.length) {
    const bytes = tags.length * BYTES_PER_TAG
    app.cache.set(cacheKey(from), repository, [packageTopic(from.id)], { epoch, bytes })
  }
  return repository
}

async function ensureImported(
  app: App,
  from: Package,
  shape: ReleaseShape,
  wanted: Wanted,
): Promise<GitRepository> {
  const { name, versions } = wanted
  for (let attempt = 1; ; attempt++) {
    const found = await app.git.find(name)
    const missing = versions.filter((version) => !found?.refs.has(tagRef(version)))
    if (found && missing.length === 0) return found
    try {
      const imported = await app.git.import(
        name,
        importCommands(app, from, shape, { found, missing }),
      )
      if (!found) await discardOthers(app, from, name)
      return imported
    } catch (error) {
      // Another process may have moved the same refs at the same moment.
      if (attempt === MAX_ATTEMPTS) throw error
    }
  }
}

async function* importCommands(
  app: App,
  from: Package,
  { compareVersions, snapshot }: ReleaseShape,
  { found, missing }: { found: GitRepository | undefined; missing: readonly string[] },
): AsyncGenerator<string | Uint8Array> {
  const tagged = [...(found?.refs.keys() ?? [])].flatMap((ref) =>
    ref.startsWith(TAGS) ? [ref.slice(TAGS.length)] : [],
  )
  for (let at = 0; at < missing.length; at += BATCH) {
    const releases = await listReleaseFiles(app, from, missing.slice(at, at + BATCH))
    for (const release of releases) {
      const commands = await readCommands(app, from, () => snapshot(app, release), release.version)
      if (!commands) continue
      tagged.push(release.version)
      yield* commands
    }
  }
  const highest = tagged.sort(compareVersions).at(-1)
  if (highest !== undefined) yield resetCommand(MAIN_BRANCH, tagRef(highest))
  yield DONE
}

/** One release that cannot be read must not take the others along. */
async function readCommands(
  app: App,
  from: Package,
  read: () => Promise<GitSnapshot>,
  version: string,
): Promise<ReadonlyArray<string | Uint8Array> | undefined> {
  try {
    const { message, files } = await read()
    return [...commitCommands({ ref: tagRef(version), at: COMMITTED_AT, message, files })]
  } catch (error) {
    app.log.error({ err: error, package: from.path, version }, 'a release is missing in git')
    return undefined
  }
}

/** What removed versions were made of is in none of the repositories that are left. */
async function discardOthers(app: App, from: Package, name: string): Promise<void> {
  for (const other of await app.git.list(folderOf(from))) {
    if (other !== name) await app.git.discard(other)
  }
}

/** Every version there ever was. */
async function listEvery(app: App, packageId: number): Promise<readonly EveryVersion[]> {
  return await app.database.db
    .selectFrom('releases')
    .select(['version', 'removedAt'])
    .where('packageId', '=', packageId)
    .execute()
}

/**
 * Git hands out whatever a repository has to those who know its id, so what was removed must not be
 * in it: each set of removed versions has a repository of its own, made anew.
 */
function nameOf(from: Pick<Package, 'id' | 'ecosystem'>, every: readonly EveryVersion[]): string {
  const removed = every.flatMap(({ version, removedAt }) => (removedAt === null ? [] : [version]))
  const text = removed.sort().join(' ')
  const hash = text === '' ? '0' : createHash('sha256').update(text).digest('hex').slice(0, 16)
  return `${folderOf(from)}/${FORMAT}-${hash}`
}

const TAGS = 'refs/tags/'

/** The branch that a clone checks out. */
export const MAIN_BRANCH = 'refs/heads/main'

/** The full name of a version's tag. */
export function tagRef(version: string): string {
  return TAGS + version
}

function folderOf({ id, ecosystem }: Pick<Package, 'id' | 'ecosystem'>): string {
  return `${ecosystem}/${id}`
}

function cacheKey({ id }: Package): string {
  return `git repository ${id}`
}

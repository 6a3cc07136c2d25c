import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { findText } from '#cli/client/text-file.ts'
import { verifyInLog } from '#cli/client/trusted-log.ts'
import { CliError } from '#cli/failure.ts'
import { formatLock, LOCK_FILE, type LockEntry } from '#ecosystems/ori/lock.ts'
import { readName } from '#ecosystems/ori/name.ts'
import { isVersion } from '#ecosystems/ori/version.ts'
import { type OriClient, packagePath } from './client.ts'
import { metadataBody, readProof } from './download-release.ts'
import { parseLock } from './locks.ts'
import type { Project } from './project.ts'

/** The lock that goes with a project's manifest. */
export interface ProjectLock {
  /** Undefined when the project has none and needs none. */
  readonly text: string | undefined
  /** What was added and taken out, such as `+ @acme/json:1.0.0`; nothing when it was right. */
  readonly changes: readonly string[]
}

/** How to lock. */
interface Locking {
  /** The client of the registry that a package comes from. */
  readonly clientFor: (name: string) => Promise<OriClient>
  /** False when a lock that does not match is a failure. */
  readonly mayChange: boolean
}

type Pin = Omit<LockEntry, 'checksum'>

/** What becomes a part of paths and of the lock must be what it is called. */
const lockedBody = metadataBody.extend({
  checksum: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  dependencies: z.array(
    z.object({
      name: z.string().refine((name) => readName(name) !== undefined),
      version: z.string().refine(isVersion),
      kind: z.string(),
    }),
  ),
})

/** As many as the registry follows. */
const MAX_RELEASES = 2_000

/**
 * The lock of a project, made anew from the registries when it does not match the manifest. What
 * was locked already keeps its checksum; what is new must be in its registry's log.
 */
export async function lockProject(project: Project, locking: Locking): Promise<ProjectLock> {
  const { folder, manifest } = project
  const path = join(folder, LOCK_FILE)
  const text = await findText(path)
  const entries = text === undefined ? [] : parseLock(text, path)
  const mismatch = findMismatch(manifest.dependencies, entries)
  if (mismatch === undefined) return { text, changes: [] }
  if (!locking.mayChange) {
    const message = `${path} does not match oripk.toml: ${mismatch}`
    throw new CliError(message, '`entrepot ori publish` without --locked writes it anew')
  }
  const locked = await lockGraph(manifest.dependencies, entries, locking)
  const [old, now] = [entries, locked].map((some) => new Set(some.map(keyOf)))
  const changes = [
    ...locked.map(keyOf).flatMap((key) => (old?.has(key) ? [] : [`+ ${key}`])),
    ...entries.map(keyOf).flatMap((key) => (now?.has(key) ? [] : [`- ${key}`])),
  ]
  return { text: formatLock(locked), changes }
}

/** Keeps a lock that was made anew. */
export async function writeLock({ folder }: Project, text: string): Promise<void> {
  const path = join(folder, LOCK_FILE)
  await writeFile(path, text).catch((error: unknown) => {
    throw new CliError(`cannot write ${path}`, 'see who may write to this folder', error)
  })
}

/** Why the lock is not this manifest's, as far as both tell by themselves. */
function findMismatch(pins: readonly Pin[], entries: readonly LockEntry[]): string | undefined {
  const locked = new Set(entries.map(keyOf))
  const missing = pins.find((pin) => !locked.has(keyOf(pin)))
  if (missing) return `it has no checksum of ${keyOf(missing)}`
  // Others may be what dependencies need; without dependencies nothing is.
  const [left] = pins.length === 0 ? entries : []
  return left && `nothing needs ${keyOf(left)}`
}

/** Everything that the pins bring, level by level. */
async function lockGraph(
  pins: readonly Pin[],
  before: readonly LockEntry[],
  { clientFor }: Locking,
): Promise<LockEntry[]> {
  const known = new Map(before.map((entry) => [keyOf(entry), entry.checksum]))
  const locked = new Map<string, LockEntry>()
  for (let level = pins; level.length > 0; ) {
    const next: Pin[] = []
    for (const { name, version } of level) {
      const pin = { name, version }
      if (locked.has(keyOf(pin))) continue
      if (locked.size === MAX_RELEASES) {
        throw new CliError(`it needs more than ${MAX_RELEASES} releases`, 'depend on less')
      }
      const found = await lockOne(await clientFor(name), pin, known.get(keyOf(pin)))
      locked.set(keyOf(pin), found.entry)
      next.push(...found.needs)
    }
    level = next
  }
  return [...locked.values()]
}

async function lockOne(client: OriClient, pin: Pin, known: string | undefined) {
  const { name, version } = pin
  const about = await client.read(`${packagePath(name, version)}/metadata`, lockedBody)
  const { checksum, dependencies } = about
  if (known !== undefined && known !== checksum) {
    const message = `${client.url}: ${keyOf(pin)} is not what the lock has: locked ${known}, offered ${checksum}`
    throw new CliError(message, 'a version never changes, so find out which of both is wrong')
  }
  if (known === undefined) {
    const proof = await readProof(client, pin)
    const release = { ecosystem: 'ori', name, version, digest: checksum }
    await verifyInLog(client, release, { proof })
  }
  // Dev-dependencies are for the author of that package alone.
  const needs = dependencies.filter(({ kind }) => kind !== 'dev')
  return { entry: { name, version, checksum }, needs }
}

function keyOf({ name, version }: Pin): string {
  return `${name}:${version}`
}

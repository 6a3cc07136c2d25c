import { printable } from '#cli/client/printable.ts'
import { CliError } from '#cli/failure.ts'
import { everyPage } from '#cli/output.ts'
import { CLI } from '#cli/with-app.ts'
import type { Actor } from '#core/access/actor.ts'
import type { User } from '#core/accounts/find-user.ts'
import type { App } from '#core/app.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { findNamespace, type Namespace } from '#core/namespaces/find-namespace.ts'
import { listMembers } from '#core/namespaces/members/list-members.ts'
import { findPackage, type PackageRef } from '#core/packages/package.ts'
import { getVersion, type Version } from '#core/releases/versions.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import { findDependencies } from '#ecosystems/elba/dependency-rules.ts'
import { inspectPackage, MAX_ARCHIVE_BYTES } from '#ecosystems/elba/inspect.ts'
import { readOldManifest } from '#ecosystems/elba/manifest.ts'
import { formatName, packageRef } from '#ecosystems/elba/name.ts'
import { type ReceivedPackage, recordRelease } from '#ecosystems/elba/record-release.ts'
import { abortingOnFailure, receiveArchive } from '#ecosystems/receive-archive.ts'
import type { Tarballs } from './find-tarball.ts'
import type { IndexEntry } from './read-index.ts'

/** Where releases go, and in whose name. */
export interface ImportTarget {
  readonly app: App
  /** Gets the groups that are new, and every package. */
  readonly owner: User
  readonly tarballs: Tarballs
}

/** What became of a line. */
export type Outcome =
  | { readonly state: 'imported' | 'present' }
  | { readonly state: 'skipped' | 'failed'; readonly reason: string }

/**
 * Publishes what a line of an index tells of, unless it is there. What is wrong with this release is
 * its outcome; what is wrong with everything (no disk, no database) throws.
 */
export async function importRelease(target: ImportTarget, entry: IndexEntry): Promise<Outcome> {
  try {
    return await tryImport(target, entry)
  } catch (error) {
    const isItsOwn =
      error instanceof CliError || (error instanceof RegistryError && error.status < 500)
    if (!isItsOwn) throw error
    return { state: 'failed', reason: printable(error.message) }
  }
}

async function tryImport(target: ImportTarget, entry: IndexEntry): Promise<Outcome> {
  const { app, tarballs } = target
  const ref = packageRef(entry.name)
  const known = await findKnown(app, ref, entry.version)
  if (known === 'removed') return { state: 'skipped', reason: 'it was removed here for good' }
  if (known) return await keep(target, entry, known)
  const bytes = await tarballs.find(entry)
  if (typeof bytes === 'string') return { state: 'skipped', reason: bytes }
  checkDigest(entry, digestOf(bytes))
  const archive = await receiveArchive(app, once(bytes), {
    maxBytes: MAX_ARCHIVE_BYTES,
    inspect: (source) => inspectPackage(source, readOldManifest),
  })
  await abortingOnFailure(app, archive, async () => {
    checkManifest(entry, archive)
    const dependencies = await findDependencies(app, CLI, archive.inspected.manifest)
    const actor = await ownerIn(target, ref.namespace)
    // The old registry told versions apart by their build metadata.
    await recordRelease(app, actor, archive, { dependencies, mustDiffer: false })
  })
  if (entry.isYanked) await yank(target, entry)
  return { state: 'imported' }
}

/** What is there stays; a yank that it lacks it gets, as when an import ended between the two. */
async function keep(target: ImportTarget, entry: IndexEntry, known: Version): Promise<Outcome> {
  checkDigest(entry, known.digest)
  if (entry.isYanked && known.yankedAt === null) await yank(target, entry)
  return { state: 'present' }
}

async function yank(target: ImportTarget, { name, version }: IndexEntry): Promise<void> {
  const ref = packageRef(name)
  const actor = await ownerIn(target, ref.namespace)
  await yankRelease(target.app, actor, ref, { version, isYanked: true })
}

async function findKnown(
  app: App,
  ref: PackageRef,
  version: string,
): Promise<Version | 'removed' | undefined> {
  const found = await findPackage(app, ref)
  if (!found) return undefined
  try {
    return await getVersion(app, found, version)
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    if (error.code === 'release_unknown') return undefined
    if (error.code === 'gone') return 'removed'
    throw error
  }
}

function checkDigest({ location }: IndexEntry, digest: string): void {
  const expected = 'digest' in location ? location.digest : undefined
  if (expected === undefined || expected === digest) return
  const message = `the archive has the checksum ${digest}, and the index says ${expected}`
  throw new RegistryError('digest_invalid', message)
}

function checkManifest(entry: IndexEntry, { inspected }: ReceivedPackage): void {
  const { name, version } = inspected.manifest
  if (formatName(packageRef(name)) === entry.key && version === entry.version) return
  const message = `the archive is of ${name} ${version}, and the index says otherwise`
  throw new RegistryError('manifest_invalid', message)
}

/** The owner as a publisher in a group: a new one is theirs, in another they must have a role. */
async function ownerIn({ app, owner }: ImportTarget, group: string): Promise<Actor> {
  const actor: Actor = {
    ...CLI,
    kind: 'user',
    name: `user:${owner.name}`,
    userId: owner.id,
    credential: CLI.name,
    isOperator: owner.isOperator,
  }
  // In their name: an index must not give them a group that is kept for operators.
  const namespace =
    (await findNamespace(app.database.db, group)) ??
    (await createNamespace(app, actor, { name: group }))
  const members = await everyPage((page) => listMembers(app, CLI, namespace.name, page))
  const role = members.find(({ user }) => user === owner.name)?.role
  if (role === undefined || role === 'reader') throw foreignGroup(namespace, owner)
  return { ...actor, isOperator: false, roles: new Map([[namespace.id, role]]) }
}

function foreignGroup({ name }: Namespace, owner: User): RegistryError {
  return new RegistryError(
    'forbidden',
    `the group ${name} is somebody else's here: entrepot member add ${name} ${owner.name} --role publisher`,
  )
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

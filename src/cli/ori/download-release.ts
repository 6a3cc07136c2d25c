import { z } from 'zod'
import { type ProvedTree, verifyInLog } from '#cli/client/trusted-log.ts'
import { CliError } from '#cli/failure.ts'
import { startProgress } from '#cli/progress.ts'
import { digestOf } from '#core/blobs/digest.ts'
import type { Quorum } from '#core/log/quorum.ts'
import type { LockEntry } from '#ecosystems/ori/lock.ts'
import { isPrerelease, isVersion } from '#ecosystems/ori/version.ts'
import { type OriClient, packagePath } from './client.ts'

const versionsBody = z.object({
  versions: z.array(
    z.object({
      version: z.string(),
      checksum: z.string(),
      yanked: z.boolean(),
      deprecated: z.string().nullable(),
      published_at: z.string(),
    }),
  ),
})

/** What `metadata` says that matters here. */
export const metadataBody = z.looseObject({
  name: z.string(),
  version: z.string(),
  checksum: z.string(),
  size: z.number(),
  yanked: z.boolean(),
  deprecated: z.object({ message: z.string() }).nullable(),
})

/** One release, as its registry tells of it. */
export type ReleaseMetadata = z.infer<typeof metadataBody>

/** All versions of a package, newest first. */
export async function listVersions(client: OriClient, name: string) {
  return (await client.read(`${packagePath(name)}/versions`, versionsBody)).versions
}

/** The version that somebody gets who names none: the newest that is neither yanked nor a preview. */
export async function newestVersion(client: OriClient, name: string): Promise<string> {
  // It becomes a part of paths and of a file's name.
  const versions = (await listVersions(client, name)).filter(
    ({ version, yanked }) => !yanked && isVersion(version),
  )
  const newest = versions.find(({ version }) => !isPrerelease(version)) ?? versions[0]
  if (newest) return newest.version
  throw new CliError(`all versions of ${name} are yanked`, `name one of them: ${name}@VERSION`)
}

/** What the registry says of a release. */
export function readMetadata(
  client: OriClient,
  { name, version }: { name: string; version: string },
): Promise<ReleaseMetadata> {
  return client.read(`${packagePath(name, version)}/metadata`, metadataBody)
}

/** What a download must agree with. */
export interface ExpectedRelease {
  /** As the registry tells it. */
  readonly checksum: string
  /** As the lock has it, if it has. */
  readonly locked: string | undefined
  /** The key of the registry’s log, if it was given. */
  readonly logKey: string | undefined
  readonly quorum: Quorum
}

/** The file that shows a release in the registry's log. */
export async function readProof(
  client: OriClient,
  { name, version }: { name: string; version: string },
): Promise<string> {
  const bytes = await client.file(`${packagePath(name, version)}/download.tlog-proof`)
  return Buffer.from(bytes).toString()
}

/**
 * Downloads an archive and gives it back only when it is the one that the lock and the registry
 * name, and the registry's log has just that.
 */
export async function downloadRelease(
  client: OriClient,
  release: Omit<LockEntry, 'checksum'>,
  expected: ExpectedRelease,
): Promise<{ bytes: Uint8Array; tree: ProvedTree }> {
  const { name, version } = release
  checkLock(client.url, release, expected)
  const progress = startProgress(`downloading ${name} ${version}`)
  const bytes = await client
    .file(`${packagePath(name, version)}/download`, (done, total) =>
      progress.update({ done, ...(total !== undefined && { total }) }),
    )
    .finally(() => progress.clear())
  const checksum = digestOf(bytes)
  if (checksum !== expected.checksum) {
    throw new CliError(
      `${client.url}: the archive of ${name} ${version} was changed: it should be ${expected.checksum} and is ${checksum}`,
      'nothing was written; try again, and if it stays so, tell the registry’s operator',
    )
  }
  const proof = await readProof(client, release)
  const found = { ecosystem: 'ori', name, version, digest: checksum }
  const { logKey: givenKey, quorum } = expected
  const tree = await verifyInLog(client, found, { proof, givenKey, quorum })
  return { bytes, tree }
}

function checkLock(
  url: string,
  { name, version }: { name: string; version: string },
  { checksum, locked }: ExpectedRelease,
): void {
  if (locked === undefined || locked === checksum) return
  throw new CliError(
    `${url}: ${name} ${version} is not what the lock has: locked ${locked}, offered ${checksum}`,
    'nothing was downloaded; a version never changes, so find out which of both is wrong',
  )
}

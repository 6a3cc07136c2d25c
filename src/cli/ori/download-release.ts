import { z } from 'zod'
import { CliError } from '#cli/failure.ts'
import { startProgress } from '#cli/progress.ts'
import { digestOf } from '#core/blobs/digest.ts'
import type { LockEntry } from '#ecosystems/ori/lock.ts'
import { isPrerelease } from '#ecosystems/ori/version.ts'
import { type OriClient, packagePath } from './client.ts'
import { verifyInLog } from './trusted-log.ts'

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
  const versions = (await listVersions(client, name)).filter(({ yanked }) => !yanked)
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

/**
 * Downloads an archive and gives it back only when it is the one that the lock and the registry
 * name, and the registry's log has just that.
 */
export async function downloadRelease(
  client: OriClient,
  release: Omit<LockEntry, 'checksum'>,
  expected: { checksum: string; locked: string | undefined; logKey: string | undefined },
): Promise<{ bytes: Uint8Array; checksum: string; treeSize: number }> {
  const { name, version } = release
  const path = packagePath(name, version)
  checkLock(client.url, release, expected)
  const progress = startProgress(`downloading ${name} ${version}`)
  const bytes = await client
    .file(`${path}/download`, (done, total) =>
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
  const proof = Buffer.from(await client.file(`${path}/download.tlog-proof`)).toString()
  const found = { ecosystem: 'ori', name, version, digest: checksum }
  const tree = await verifyInLog(client, found, { proof, givenKey: expected.logKey })
  return { bytes, checksum, treeSize: tree.size }
}

function checkLock(
  url: string,
  { name, version }: { name: string; version: string },
  { checksum, locked }: { checksum: string; locked: string | undefined },
): void {
  if (locked === undefined || locked === checksum) return
  throw new CliError(
    `${url}: ${name} ${version} is not what the lock has: locked ${locked}, offered ${checksum}`,
    'nothing was downloaded; a version never changes, so find out which of both is wrong',
  )
}

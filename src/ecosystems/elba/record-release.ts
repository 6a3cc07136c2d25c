import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import type { AttachedFile } from '#core/releases/new-release.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import type { ReceivedArchive } from '#ecosystems/receive-archive.ts'
import type { KnownRequirement } from './dependency-rules.ts'
import type { InspectedPackage } from './inspect.ts'
import { packageRef } from './name.ts'
import { ARCHIVE_TYPE } from './reads.ts'
import { printPrecedence, readVersion } from './version.ts'

/** First come, first served: a group that nobody has is its first publisher's. */
export const CLAIMS = { claimsNamespace: true } as const

/** An archive of elba that came in, and what is in it. */
export type ReceivedPackage = ReceivedArchive<InspectedPackage>

/** What else is known of a release to be. */
interface Recording {
  readonly dependencies: readonly KnownRequirement[]
  /** Refuses a version that differs from another one in its build metadata only. */
  readonly mustDiffer: boolean
}

/** Publishes what was received and found good. */
export async function recordRelease(
  app: App,
  actor: Actor,
  { partId, digest, inspected }: ReceivedPackage,
  { dependencies, mustDiffer }: Recording,
): Promise<void> {
  const { manifest, manifestBytes, readmeBytes } = inspected
  const { readme: _, ...metadata } = manifest
  const version = mustDiffer ? readVersion(manifest.version) : undefined
  const attached: AttachedFile[] = [
    { role: 'manifest', mediaType: 'application/toml', bytes: manifestBytes },
  ]
  if (readmeBytes) {
    attached.push({ role: 'readme', mediaType: 'text/markdown', bytes: readmeBytes })
  }
  await publishRelease(app, actor, packageRef(manifest.name), {
    ...CLAIMS,
    ownsNewPackage: true,
    version: manifest.version,
    ...(version && { precedence: printPrecedence(version) }),
    partId,
    digest,
    role: 'archive',
    mediaType: ARCHIVE_TYPE,
    kind: '',
    metadata: { ...metadata, dependencies: dependencies.map(({ name, req }) => ({ name, req })) },
    dependencies: dependencies.map(({ path, req }) => ({ path, requirement: req })),
    files: [],
    attached,
    tags: [],
    mustBeNew: true,
  })
}

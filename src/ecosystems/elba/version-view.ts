import type { App } from '#core/app.ts'
import { packageTopic, userTopic } from '#core/cache/topics.ts'
import {
  listPublishingOwners,
  type PublishingOwner,
} from '#core/packages/owners/list-publishing-owners.ts'
import type { Package } from '#core/packages/package.ts'
import type { Version, VersionNumber } from '#core/releases/versions.ts'
import { time } from './answers.ts'
import { spelledName } from './name.ts'
import { compareVersions } from './version.ts'

/**
 * A user as others see them. The e-mail address is nobody's business but their own: it was public on
 * GitHub, it is not here.
 */
export function userView({ id, name }: PublishingOwner, email = '') {
  return { id, email, name, avatar: null }
}

/** A release as answers have it, and the topics that end its truth. */
export async function versionView(app: App, from: Package, release: Version) {
  const owners = await listPublishingOwners(app, from)
  const { description, homepage, repository, license, keywords } = release.metadata
  const view = {
    ...spelledName(from),
    version: release.version,
    yanked: release.yankedAt !== null,
    description: description ?? null,
    homepage: homepage ?? null,
    repository: repository ?? null,
    license: license ?? null,
    keywords: keywords ?? [],
    owners: owners.map((owner) => userView(owner)),
    created_at: time(release.createdAt),
  }
  return { view, topics: [packageTopic(from.id), ...owners.map(({ id }) => userTopic(id))] }
}

/** Newest first. */
export function sortVersions(versions: readonly VersionNumber[]): VersionNumber[] {
  return versions.toSorted((a, b) => compareVersions(b.version, a.version))
}

/** The newest release that is not yanked; a pre-release, and then a yanked one, where there is no other. */
export function latestVersion(versions: readonly VersionNumber[]): VersionNumber | undefined {
  const sorted = sortVersions(versions)
  const usable = sorted.filter(({ yankedAt }) => yankedAt === null)
  return usable.find(({ version }) => !isPreRelease(version)) ?? usable[0] ?? sorted[0]
}

function isPreRelease(version: string): boolean {
  return version.split('+')[0]?.includes('-') ?? false
}

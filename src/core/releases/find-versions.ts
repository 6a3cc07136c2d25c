import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'
import type { Visibility } from '#core/db/schema.ts'

/** A version of a package, tombstones too. */
export interface VersionLine {
  readonly version: string
  readonly isYanked: boolean
  readonly isRemoved: boolean
  /** Of its package. */
  readonly visibility: Visibility
}

const PATHS_PER_QUERY = 100

/** The versions of some packages by their paths, as far as the actor may read them. */
export async function findVersions(
  app: App,
  actor: Actor,
  ecosystem: string,
  paths: readonly string[],
): Promise<Map<string, VersionLine[]>> {
  const found = new Map<string, VersionLine[]>()
  for (let at = 0; at < paths.length; at += PATHS_PER_QUERY) {
    const rows = await app.database.db
      .selectFrom('releases')
      .innerJoin('packages', 'packages.id', 'releases.packageId')
      .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
      .select(['packages.path', 'packages.visibility', 'releases.version'])
      .select(['releases.yankedAt', 'releases.removedAt'])
      .where('namespaces.status', '=', 'active')
      .where('packages.ecosystem', '=', ecosystem)
      .where('packages.path', 'in', paths.slice(at, at + PATHS_PER_QUERY))
      .where(visiblePackages(actor))
      .execute()
    for (const { path, version, visibility, yankedAt, removedAt } of rows) {
      const lines = found.get(path) ?? []
      found.set(path, lines)
      const isYanked = yankedAt !== null
      lines.push({ version, visibility, isYanked, isRemoved: removedAt !== null })
    }
  }
  return found
}

/**
 * Every version that was ever published under a name and never comes again: those that are there,
 * and those that were removed, also of a package of that name that is gone.
 */
export async function listTakenVersions(
  app: App,
  ecosystem: string,
  path: string,
): Promise<string[]> {
  const { db } = app.database
  const rows = await db
    .selectFrom('releases')
    .innerJoin('packages', 'packages.id', 'releases.packageId')
    .select('releases.version')
    .where('packages.ecosystem', '=', ecosystem)
    .where('packages.path', '=', path)
    .union(
      db
        .selectFrom('burntVersions')
        .select('version')
        .where('ecosystem', '=', ecosystem)
        .where('path', '=', path),
    )
    .execute()
  return rows.map(({ version }) => version)
}

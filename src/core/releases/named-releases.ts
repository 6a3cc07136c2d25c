import type { App } from '#core/app.ts'
import type { Package } from '#core/packages/package.ts'

/** A release under a name of its own: a tag, or a version that is no digest. */
export interface NamedRelease {
  readonly name: string
  readonly isVersion: boolean
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly kind: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** Why nobody should use it any more, or null. */
  readonly deprecation: string | null
}

/** A package's tags and versions in byte order of their names; a tag hides a version named so. */
export async function listNamedReleases(
  app: App,
  from: Package,
  page: { limit: number; after?: string | undefined },
): Promise<NamedRelease[]> {
  let tagged = selectTagged(app, from)
  let versions = selectVersions(app, from)
  if (page.after !== undefined) {
    tagged = tagged.where('tags.name', '>', page.after)
    versions = versions.where('releases.version', '>', page.after)
  }
  const [tags, others] = await Promise.all([
    tagged.orderBy('tags.name').limit(page.limit).execute(),
    versions.orderBy('releases.version').limit(page.limit).execute(),
  ])
  const byName = new Map<string, NamedRelease>()
  for (const row of others) byName.set(row.name, toNamed(row, true))
  for (const row of tags) byName.set(row.name, toNamed(row, false))
  // Names are ASCII, so this is the order of their bytes.
  const inOrder = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return inOrder.slice(0, page.limit)
}

/** The release of that tag, or of that version. */
export async function findNamedRelease(
  app: App,
  from: Package,
  name: string,
): Promise<NamedRelease | undefined> {
  const tagged = await selectTagged(app, from).where('tags.name', '=', name).executeTakeFirst()
  if (tagged) return toNamed(tagged, false)
  const version = await selectVersions(app, from)
    .where('releases.version', '=', name)
    .executeTakeFirst()
  return version && toNamed(version, true)
}

/** The release whose file has that digest. */
export async function findReleaseOfDigest(
  app: App,
  from: Package,
  digest: string,
): Promise<{ version: string; mediaType: string; size: number } | undefined> {
  const select = () =>
    app.database.db
      .selectFrom('releases')
      .select(['version', 'mediaType', 'size'])
      .where('packageId', '=', from.id)
      .where('removedAt', 'is', null)
  // Where digests are the versions, there are many and the index finds them.
  const named = await select().where('version', '=', digest).executeTakeFirst()
  return named ?? (await select().where('digest', '=', digest).orderBy('id').executeTakeFirst())
}

function selectTagged(app: App, from: Package) {
  return app.database.db
    .selectFrom('tags')
    .innerJoin('releases', 'releases.id', 'tags.releaseId')
    .select(['tags.name', 'releases.digest', 'releases.mediaType', 'releases.size'])
    .select(['releases.kind', 'releases.metadata', 'releases.deprecation'])
    .where('tags.packageId', '=', from.id)
}

/** Versions that are digests lie in two ranges of the index, which are stepped over. */
function selectVersions(app: App, from: Package) {
  return app.database.db
    .selectFrom('releases')
    .select(['releases.version as name', 'releases.digest', 'releases.mediaType', 'releases.size'])
    .select(['releases.kind', 'releases.metadata', 'releases.deprecation'])
    .where('releases.packageId', '=', from.id)
    .where('releases.removedAt', 'is', null)
    .where((eb) =>
      eb.or([
        eb('releases.version', '<', 'sha256:'),
        eb('releases.version', '>=', 'sha256;').and('releases.version', '<', 'sha512:'),
        eb('releases.version', '>=', 'sha512;'),
      ]),
    )
}

type Row = Awaited<ReturnType<ReturnType<typeof selectTagged>['executeTakeFirstOrThrow']>>

function toNamed({ metadata, ...row }: Row, isVersion: boolean): NamedRelease {
  return { ...row, isVersion, metadata: JSON.parse(metadata) }
}

import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'

/** An exact version of a package, by its whole name. */
export interface Pin {
  readonly path: string
  readonly version: string
}

/** What the registry has under a pin. */
export interface PinnedRelease extends Pin {
  readonly digest: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly isYanked: boolean
  readonly isRemoved: boolean
}

const PINS_PER_QUERY = 100

/** The key of a pin in what `findPinned` answers. */
export function pinKey({ path, version }: Pin): string {
  return `${path}:${version}`
}

/** Those of the pinned releases that exist, removed ones too, in packages that the actor may read. */
export async function findPinned(
  app: App,
  actor: Actor,
  ecosystem: string,
  pins: readonly Pin[],
): Promise<Map<string, PinnedRelease>> {
  const found = new Map<string, PinnedRelease>()
  for (let at = 0; at < pins.length; at += PINS_PER_QUERY) {
    const some = pins.slice(at, at + PINS_PER_QUERY)
    const rows = await app.database.db
      .selectFrom('releases')
      .innerJoin('packages', 'packages.id', 'releases.packageId')
      .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
      .select(['packages.path', 'releases.version', 'releases.digest', 'releases.metadata'])
      .select(['releases.yankedAt', 'releases.removedAt'])
      .where('namespaces.status', '=', 'active')
      .where('packages.ecosystem', '=', ecosystem)
      .where((eb) =>
        eb.or(
          some.map(({ path, version }) =>
            eb.and([eb('packages.path', '=', path), eb('releases.version', '=', version)]),
          ),
        ),
      )
      .where(visiblePackages(actor))
      .execute()
    for (const { yankedAt, removedAt, metadata, ...row } of rows) {
      found.set(pinKey(row), {
        ...row,
        metadata: JSON.parse(metadata),
        isYanked: yankedAt !== null,
        isRemoved: removedAt !== null,
      })
    }
  }
  return found
}

import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'

/** A namespace that has packages of an ecosystem, and the first of them, whose spelling it has there. */
export interface PublishingNamespace {
  readonly id: number
  readonly key: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly firstPackage: {
    readonly path: string
    readonly name: string
    readonly spelling: string | null
  }
}

/** The namespaces that have packages of an ecosystem which the actor may read, by key. */
export async function listPublishingNamespaces(
  app: App,
  actor: Actor,
  filter: { readonly ecosystem: string; readonly key?: string },
): Promise<PublishingNamespace[]> {
  const { key } = filter
  let first = app.database.db
    .selectFrom('packages')
    .select((eb) => eb.fn.min('packages.id').as('id'))
    .where('packages.ecosystem', '=', filter.ecosystem)
    .where(visiblePackages(actor))
    .groupBy('packages.namespaceId')
  // Said here too, or the packages of all the others were looked at.
  if (key !== undefined) {
    first = first.where('packages.namespaceId', '=', (eb) =>
      eb.selectFrom('namespaces').select('namespaces.id').where('namespaces.key', '=', key),
    )
  }
  const query = app.database.db
    .selectFrom('packages')
    .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
    .select(['namespaces.id', 'namespaces.key', 'namespaces.createdAt'])
    .select(['packages.path', 'packages.name', 'packages.spelling'])
    .where('namespaces.status', '=', 'active')
    .where('packages.id', 'in', first)
    .orderBy('namespaces.key')
  const rows = await query.execute()
  return rows.map(({ id, key, createdAt, ...firstPackage }) => ({
    id,
    key,
    createdAt,
    firstPackage,
  }))
}

import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { getReadablePackage, type PackageRef } from '#core/packages/package.ts'

/** What a credential is limited to, by id. */
interface Limits {
  readonly onlyNamespaces?: Iterable<number>
  readonly onlyPackages?: Iterable<number>
}

/** The same by name: namespaces, and packages like 'oci/acme/web'. */
export interface NamedLimits {
  readonly onlyNamespaces?: string[]
  readonly onlyPackages?: string[]
}

/**
 * Names what credentials are limited to, with two queries for all of them. A package that the actor
 * may not read is left out: who sees a token need not see everything it is good for.
 */
export async function limitNames(
  app: App,
  actor: Actor,
  all: readonly Limits[],
): Promise<(limits: Limits) => NamedLimits> {
  const namespaceIds = [...new Set(all.flatMap((one) => [...(one.onlyNamespaces ?? [])]))]
  const packageIds = [...new Set(all.flatMap((one) => [...(one.onlyPackages ?? [])]))]
  const namespaces = await namespaceNames(app, namespaceIds)
  const packages = await packageNames(app, actor, packageIds)
  return ({ onlyNamespaces, onlyPackages }) => ({
    ...(onlyNamespaces && { onlyNamespaces: pick(namespaces, onlyNamespaces) }),
    ...(onlyPackages && { onlyPackages: pick(packages, onlyPackages) }),
  })
}

/** The ids of named namespaces and packages; throws for what the actor cannot see. */
export async function limitIds(
  app: App,
  actor: Actor,
  names: { namespaces?: readonly string[]; packages?: readonly PackageRef[] },
): Promise<{ onlyNamespaces?: number[]; onlyPackages?: number[] }> {
  const onlyNamespaces: number[] = []
  for (const name of names.namespaces ?? []) {
    onlyNamespaces.push((await getNamespace(app.database.db, name)).id)
  }
  const onlyPackages: number[] = []
  for (const ref of names.packages ?? []) {
    onlyPackages.push((await getReadablePackage(app, actor, ref)).id)
  }
  return {
    ...(names.namespaces && { onlyNamespaces }),
    ...(names.packages && { onlyPackages }),
  }
}

async function namespaceNames(app: App, ids: readonly number[]): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map()
  const rows = await app.database.db
    .selectFrom('namespaces')
    .select(['id', 'name'])
    .where('id', 'in', ids)
    .execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}

async function packageNames(
  app: App,
  actor: Actor,
  ids: readonly number[],
): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map()
  const rows = await app.database.db
    .selectFrom('packages')
    .select(['id', 'ecosystem', 'path'])
    .where('id', 'in', ids)
    .where(visiblePackages(actor))
    .execute()
  return new Map(rows.map(({ id, ecosystem, path }) => [id, `${ecosystem}/${path}`]))
}

function pick(names: ReadonlyMap<number, string>, ids: Iterable<number>): string[] {
  return [...ids].flatMap((id) => names.get(id) ?? []).sort()
}

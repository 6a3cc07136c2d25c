import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import type { Role } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { getReadablePackage, type Package, type PackageRef } from '#core/packages/package.ts'
import { afterKey, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'

/** A user's role in one package, besides what they are in its namespace. */
export interface Owner {
  readonly user: string
  readonly role: Role
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** Who has which role in a package, by user key; for those who have one there or in its namespace. */
export async function listOwners(
  app: App,
  actor: Actor,
  ref: PackageRef,
  page: PageRequest = {},
): Promise<Page<Owner>> {
  const target = await getReadablePackage(app, actor, ref)
  requireInsider(actor, target)
  const after = afterKey(page)
  let query = app.database.db
    .selectFrom('packageOwners')
    .innerJoin('users', 'users.id', 'packageOwners.userId')
    .select(['users.name as user', 'users.key'])
    .select(['packageOwners.role', 'packageOwners.createdAt'])
    .where('packageOwners.packageId', '=', target.id)
  if (after !== undefined) query = query.where('users.key', '>', after)
  const rows = await query
    .orderBy('users.key')
    .limit(pageLimit(page) + 1)
    .execute()
  return toPage(rows, page, { item: ({ key: _, ...owner }) => owner, cursor: ({ key }) => key })
}

function requireInsider(actor: Actor, { id, namespaceId }: Package): void {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to see owners needs a credential')
  }
  const { onlyNamespaces, onlyPackages, roles, packageRoles, isOperator } = actor
  const isInsider = isOperator || roles.has(namespaceId) || packageRoles.has(id)
  const isAway = onlyNamespaces?.has(namespaceId) === false || onlyPackages?.has(id) === false
  if (!isInsider || isAway) {
    throw new RegistryError('forbidden', 'only those who have a role there may see who has one')
  }
  if (actor.scopes.has('read')) return
  throw new RegistryError('scope_missing', 'the credential lacks the scope read', {
    details: { scope: 'read' },
  })
}

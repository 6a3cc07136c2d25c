import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { Schema } from '#core/db/schema.ts'
import type { Identity } from './actor.ts'

/** The condition on `packages` that leaves what the actor may read; the list form of `judge`. */
export function visiblePackages(actor: Identity): Expression<SqlBool> {
  const eb = expressionBuilder<Schema, 'packages'>()
  const isPublic = eb('packages.visibility', '=', 'public')
  if (!actor.scopes.has('read')) return isPublic
  const within: Expression<SqlBool>[] = []
  if (actor.onlyNamespaces) within.push(oneOf('packages.namespaceId', actor.onlyNamespaces))
  if (actor.onlyPackages) within.push(oneOf('packages.id', actor.onlyPackages))
  if (actor.isOperator) return eb.or([isPublic, eb.and(within)])
  const mine = eb.or([
    oneOf('packages.namespaceId', actor.roles.keys()),
    oneOf('packages.id', actor.packageRoles.keys()),
  ])
  return eb.or([isPublic, eb.and([mine, ...within])])
}

function oneOf(column: 'packages.id' | 'packages.namespaceId', ids: Iterable<number>) {
  const eb = expressionBuilder<Schema, 'packages'>()
  const list = [...ids]
  return list.length === 0 ? eb.lit(false) : eb(column, 'in', list)
}

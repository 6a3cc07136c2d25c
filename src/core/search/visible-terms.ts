import type { Actor } from '#core/access/actor.ts'
import { namespaceTerm, PUBLIC_TERM, packageTerm } from './document.ts'
import type { TermQuery } from './search-index.ts'

/** Beyond this the index is not told: the condition on packages decides anyway, only later. */
const MAX_TERMS = 100

/**
 * What every document that the actor may read has, so that what is hidden from them does not use
 * up the bound on candidates. May let through too much, never too little: `visiblePackages` decides.
 */
export function visibleTerms(actor: Actor): TermQuery | undefined {
  const { onlyNamespaces, onlyPackages } = actor
  const isPublic = { term: PUBLIC_TERM }
  if (!actor.scopes.has('read')) return isPublic
  if (actor.isOperator && !onlyNamespaces && !onlyPackages) return undefined
  const namespaces = onlyNamespaces ?? (onlyPackages ? [] : actor.roles.keys())
  const packages = onlyPackages ?? actor.packageRoles.keys()
  const any = [
    isPublic,
    ...[...namespaces].map((id) => ({ term: namespaceTerm(id) })),
    ...[...packages].map((id) => ({ term: packageTerm(id) })),
  ]
  return any.length > MAX_TERMS ? undefined : { any }
}

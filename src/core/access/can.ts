import type { Role, Visibility } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { Actor, Identity, Scope } from './actor.ts'

/** What can be asked for, the least role that may, and the scope the credential must carry. */
const ACTIONS = {
  read: { role: 'reader', scope: 'read' },
  publish: { role: 'publisher', scope: 'publish' },
  delete: { role: 'admin', scope: 'admin' },
  manage: { role: 'admin', scope: 'admin' },
} as const satisfies Record<string, { role: Role; scope: Scope }>

export type Action = keyof typeof ACTIONS

const RANK: Record<Role, number> = { reader: 1, publisher: 2, admin: 3 }

/** What is acted upon: a namespace, or a package in it. */
export interface Resource {
  readonly namespaceId: number
  readonly package?: { readonly id: number; readonly visibility: Visibility }
}

export type Verdict = 'yes' | 'hidden' | 'needs_credential' | 'needs_scope' | 'needs_role'

/** The one function that decides. 'hidden' means: answer as if it did not exist. */
export function judge(actor: Identity, action: Action, resource: Resource): Verdict {
  const needed = ACTIONS[action]
  const isPublic = resource.package === undefined || resource.package.visibility === 'public'
  // What anybody may read, a restricted or scope-less credential may read too.
  if (action === 'read' && isPublic) return 'yes'
  // A grant was made for reading and publishing packages, whatever its owner may do besides.
  if (actor.grants !== undefined && action === 'manage') return 'needs_scope'
  const rank = isRestrictedAway(actor, resource) ? 0 : rankOf(actor, resource)
  if (!isPublic && (rank < RANK.reader || !actor.scopes.has('read'))) return 'hidden'
  if (rank < RANK[needed.role])
    return actor.kind === 'anonymous' ? 'needs_credential' : 'needs_role'
  return actor.scopes.has(needed.scope) ? 'yes' : 'needs_scope'
}

/** Whether the actor may; see `judge`. */
export function can(actor: Identity, action: Action, resource: Resource): boolean {
  return judge(actor, action, resource) === 'yes'
}

/** Throws unless the actor may; what they may not see is `not_found`, under the code given for it. */
export function authorize(
  actor: Actor,
  action: Action,
  resource: Resource,
  unknown: () => RegistryError,
): void {
  const verdict = judge(actor, action, resource)
  if (verdict === 'yes') return
  if (verdict === 'hidden') throw unknown()
  if (verdict === 'needs_credential') {
    throw new RegistryError('unauthenticated', `to ${action} here needs a credential`)
  }
  if (verdict === 'needs_scope') throw missingScope(ACTIONS[action].scope)
  throw new RegistryError(
    'forbidden',
    `${actor.name} may not ${action} here: it takes the role ${ACTIONS[action].role}`,
  )
}

/** Throws unless the actor is staff of the whole instance, with an admin credential. */
export function authorizeOperator(actor: Actor): void {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'this needs an operator credential')
  }
  if (!actor.isOperator) throw new RegistryError('forbidden', 'only operators may do this')
  if (!actor.scopes.has('admin')) throw missingScope('admin')
  if (actor.onlyNamespaces || actor.onlyPackages || actor.grants) {
    throw new RegistryError(
      'forbidden',
      'a restricted credential cannot act for the whole instance',
    )
  }
}

/** Throws unless the actor shows a credential of a user; answers that user's id. */
export function authorizeUser(actor: Actor, scope: Scope): number {
  if (actor.kind === 'anonymous')
    throw new RegistryError('unauthenticated', 'this needs a credential')
  if (actor.userId === undefined)
    throw new RegistryError('forbidden', 'only users may do this, not robots')
  if (!actor.scopes.has(scope) || actor.grants) throw missingScope(scope)
  return actor.userId
}

function missingScope(scope: Scope): RegistryError {
  return new RegistryError('scope_missing', `the credential lacks the scope ${scope}`, {
    details: { scope },
  })
}

function rankOf(actor: Identity, resource: Resource): number {
  if (actor.isOperator) return RANK.admin
  const inNamespace = actor.roles.get(resource.namespaceId)
  const inPackage = resource.package && actor.packageRoles.get(resource.package.id)
  return Math.max(inNamespace ? RANK[inNamespace] : 0, inPackage ? RANK[inPackage] : 0)
}

function isRestrictedAway(actor: Identity, resource: Resource): boolean {
  if (actor.onlyNamespaces && !actor.onlyNamespaces.has(resource.namespaceId)) return true
  if (actor.onlyPackages === undefined) return false
  return resource.package === undefined || !actor.onlyPackages.has(resource.package.id)
}

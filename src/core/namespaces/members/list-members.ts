import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import { emailKey } from '#core/accounts/email.ts'
import type { App } from '#core/app.ts'
import type { Role } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { afterKey, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'

/** A user's role in a namespace. */
export interface Member {
  readonly user: string
  /**
   * There for operators, for the member, and for admins of the namespace who have it from elsewhere:
   * anybody can make anybody a member of a namespace of their own, and must not learn it so.
   */
  readonly email?: string
  readonly role: Role
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** Who has which role, by user key; for members, robots of the namespace and operators. */
export async function listMembers(
  app: App,
  actor: Actor,
  rawNamespace: string,
  page: PageRequest = {},
): Promise<Page<Member>> {
  const { db } = app.database
  const { id } = await getNamespace(db, rawNamespace)
  requireInsider(actor, id)
  const isAdmin = can(actor, 'manage', { namespaceId: id })
  const after = afterKey(page)
  let query = db
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.userId')
    .select(['users.id', 'users.name as user', 'users.key', 'users.email'])
    .select(['members.role', 'members.createdAt', 'members.invitedEmail'])
    .where('members.namespaceId', '=', id)
  if (after !== undefined) query = query.where('users.key', '>', after)
  const rows = await query
    .orderBy('users.key')
    .limit(pageLimit(page) + 1)
    .execute()
  return toPage(rows, page, {
    item: ({ id: userId, user, email, invitedEmail, role, createdAt }) => {
      const isShown =
        actor.isOperator || userId === actor.userId || invitedEmail === emailKey(email)
      return { user, ...(isAdmin && isShown && { email }), role, createdAt }
    },
    cursor: (row) => row.key,
  })
}

/** That a namespace exists is public; who is in it is not. */
function requireInsider(actor: Actor, namespaceId: number): void {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to see members needs a credential')
  }
  const isInsider = actor.isOperator || actor.roles.has(namespaceId)
  const isAway = actor.onlyPackages || actor.onlyNamespaces?.has(namespaceId) === false
  if (!isInsider || isAway) throw new RegistryError('forbidden', 'only members may see who is one')
  if (actor.scopes.has('read')) return
  throw new RegistryError('scope_missing', 'the credential lacks the scope read', {
    details: { scope: 'read' },
  })
}

import type { Actor } from '#core/access/actor.ts'
import { authorize, can } from '#core/access/can.ts'
import { seesAll } from '#core/access/sees-all.ts'
import { namespaceUnknown } from '#core/namespaces/find-namespace.ts'

/**
 * Who is invited where, and which address is whose, is for admins alone. A stranger hears that
 * there is nothing; a lesser member what it takes.
 */
export function authorizeInvitations(
  actor: Actor,
  namespaceId: number,
  rawNamespace: string,
): void {
  const resource = { namespaceId }
  const isStranger = actor.kind !== 'anonymous' && !seesAll(actor, namespaceId)
  if (isStranger && !can(actor, 'manage', resource)) throw namespaceUnknown(rawNamespace)
  authorize(actor, 'manage', resource, () => namespaceUnknown(rawNamespace))
}

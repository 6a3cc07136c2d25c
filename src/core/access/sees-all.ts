import type { Identity } from './actor.ts'
import { can } from './can.ts'

/** Stands for a private package that nobody was invited to. */
const MOST_PRIVATE = { id: 0, visibility: 'private' } as const

/** Whether nothing in the namespace is hidden from the actor, now or later. */
export function seesAll(actor: Identity, namespaceId: number): boolean {
  return can(actor, 'read', { namespaceId, package: MOST_PRIVATE })
}

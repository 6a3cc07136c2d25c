import type { Identity } from './actor.ts'

/** Whether the actor may act for the whole instance; `authorizeOperator` without the reasons. */
export function actsAsOperator(actor: Identity): boolean {
  const isRestricted = actor.onlyNamespaces || actor.onlyPackages || actor.grants
  return actor.isOperator && actor.scopes.has('admin') && !isRestricted
}

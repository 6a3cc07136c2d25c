import type { Actor } from '#core/access/actor.ts'
import { judge, type Verdict } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import type { Db, Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'

/** How long the other side may take. */
export const TRANSFER_SECONDS = 7 * 86_400

type TransferStatus = Row<'transfers'>['status']

/** A package that is, or was, to go from one namespace to another. */
export interface Transfer {
  readonly id: number
  readonly ecosystem: string
  /** What the package was called before. */
  readonly path: string
  readonly fromNamespace: string
  /** Missing until a user, to whom it was offered, says where it goes. */
  readonly toNamespace?: string
  readonly toUser?: string
  /** What the package is called since; only once it is accepted. */
  readonly toPath?: string
  readonly status: TransferStatus
  readonly createdBy: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly decidedBy?: string
  readonly decidedAt?: number
}

/** A transfer with the names of both sides. */
export type TransferRow = Row<'transfers'> & {
  readonly fromName: string
  readonly toName: string | null
  readonly userName: string | null
}

/** Transfers with the names of both sides. */
export function selectTransfers(db: Db) {
  return db
    .selectFrom('transfers')
    .innerJoin('namespaces as source', 'source.id', 'transfers.fromNamespaceId')
    .leftJoin('namespaces as target', 'target.id', 'transfers.toNamespaceId')
    .leftJoin('users', 'users.id', 'transfers.toUserId')
    .selectAll('transfers')
    .select(['source.name as fromName', 'target.name as toName', 'users.name as userName'])
}

/** The transfer in a row, as it is at this moment. */
export function toTransfer(app: App, row: TransferRow): Transfer {
  const { toName, userName, toPath, decidedBy, decidedAt } = row
  return {
    id: row.id,
    ecosystem: row.ecosystem,
    path: row.fromPath,
    fromNamespace: row.fromName,
    ...(toName !== null && { toNamespace: toName }),
    ...(userName !== null && { toUser: userName }),
    ...(toPath !== null && { toPath }),
    status: statusOf(app, row),
    createdBy: row.createdBy,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    ...(decidedBy !== null && { decidedBy }),
    ...(decidedAt !== null && { decidedAt }),
  }
}

/** What was not decided in time is over, whatever the row says. */
export function statusOf(app: App, row: Pick<Row<'transfers'>, 'status' | 'expiresAt'>) {
  return row.status === 'pending' && row.expiresAt <= now(app) ? 'expired' : row.status
}

/** Throws `conflict` unless it can still be decided. */
export function requirePending(app: App, row: Pick<Row<'transfers'>, 'status' | 'expiresAt'>) {
  const status = statusOf(app, row)
  if (status === 'pending') return
  const was = status === 'expired' ? 'has expired' : `was ${status}`
  throw new RegistryError('conflict', `this transfer ${was}`, { details: { transfer: status } })
}

/** What the actor is to a transfer: whether they may decide for either side. */
export interface Sides {
  readonly isGiver: boolean
  readonly isTaker: boolean
}

type SidesRow = Pick<Row<'transfers'>, 'fromNamespaceId' | 'toNamespaceId' | 'toUserId'>

/**
 * On which side the actor is. To whom is on neither it is `transfer_unknown`, the same as if there
 * were none; who would be, with another credential, hears which scope is missing.
 */
export function sidesOf(actor: Actor, row: SidesRow | undefined): Sides {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to see transfers needs a credential')
  }
  if (!row) throw transferUnknown()
  const giver = judge(actor, 'manage', { namespaceId: row.fromNamespaceId })
  const taker = judgeTaker(actor, row)
  if (giver === 'yes' || taker === 'yes') {
    return { isGiver: giver === 'yes', isTaker: taker === 'yes' }
  }
  if (giver !== 'needs_scope' && taker !== 'needs_scope') throw transferUnknown()
  throw new RegistryError('scope_missing', 'the credential lacks the scope admin', {
    details: { scope: 'admin' },
  })
}

function judgeTaker(actor: Actor, { toNamespaceId, toUserId }: SidesRow): Verdict {
  const byNamespace =
    toNamespaceId === null ? 'needs_role' : judge(actor, 'manage', { namespaceId: toNamespaceId })
  if (byNamespace === 'yes') return 'yes'
  if (toUserId === null) return byNamespace
  const isMeant = toUserId === actor.userId || actor.isOperator
  if (!isMeant || actor.onlyPackages || actor.onlyNamespaces) return byNamespace
  return actor.scopes.has('admin') && !actor.grants ? 'yes' : 'needs_scope'
}

/** What is thrown for a transfer that is not there, or that the asker may not know of. */
export function transferUnknown(): RegistryError {
  return new RegistryError('transfer_unknown', 'there is no such transfer')
}

/** An id of a transfer from outside. */
export function checkId(id: number): number {
  if (Number.isSafeInteger(id)) return id
  throw transferUnknown()
}

/** Both sides' names for audit lines. */
export function auditDetail(row: TransferRow): Record<string, unknown> {
  const { id, fromName, toName, userName } = row
  return {
    transfer: id,
    from: fromName,
    ...(toName !== null && { to: toName }),
    ...(userName !== null && { toUser: userName }),
  }
}

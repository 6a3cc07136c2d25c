import type { Actor } from '#core/access/actor.ts'
import { authorize, judge } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { getNamespace, namespaceUnknown } from '#core/namespaces/find-namespace.ts'
import { announce } from '#core/webhooks/announce.ts'
import { auditTransfer } from './audit-transfer.ts'
import { movePackage } from './move-package.ts'
import {
  checkId,
  requirePending,
  selectTransfers,
  sidesOf,
  type Transfer,
  type TransferRow,
  toTransfer,
  transferUnknown,
} from './transfer.ts'

/** Which offer is accepted. */
export interface Acceptance {
  readonly id: number
  /** Where the package goes, when it was offered to a user; else their oldest namespace. */
  readonly namespace?: string
}

/**
 * Takes an offered package over, as an admin of the namespace that it goes to: all of it moves in
 * one transaction, and nobody has a role in it any more but those of its new namespace.
 */
export async function acceptTransfer(
  app: App,
  actor: Actor,
  { id, namespace }: Acceptance,
): Promise<Transfer> {
  return await change(app, async (tx) => {
    const seen = await selectTransfers(tx)
      .where('transfers.id', '=', checkId(id))
      .executeTakeFirst()
    const { isTaker } = sidesOf(actor, seen)
    if (!seen) throw transferUnknown()
    if (!isTaker) {
      throw new RegistryError('forbidden', 'only those to whom it was offered may accept it')
    }
    requirePending(app, seen)
    const toNamespaceId = await chooseNamespace(tx, actor, seen, namespace)
    await lockBoth(app, tx, [seen.fromNamespaceId, toNamespaceId])
    const moved = await movePackage(app, tx, { transfer: seen, toNamespaceId })
    // After the package: whoever decided first did so before we got here.
    const current = await app.database.dialect
      .lock(tx.selectFrom('transfers').select(['status', 'expiresAt']).where('id', '=', id))
      .executeTakeFirst()
    if (!current) throw transferUnknown()
    requirePending(app, current)
    await tx
      .updateTable('transfers')
      .set({ status: 'accepted', toNamespaceId, toPath: moved.path })
      .set({ decidedBy: actor.name, decidedAt: now(app) })
      .where('id', '=', id)
      .execute()
    const row = await selectTransfers(tx).where('transfers.id', '=', id).executeTakeFirstOrThrow()
    await auditTransfer(app, tx, actor, { row, verb: 'accept', toPath: moved.path })
    const { ecosystem, fromPath, fromNamespaceId } = seen
    await announce(app, tx, {
      event: 'transfer',
      actor,
      package: { ...moved, ecosystem, namespaceId: toNamespaceId },
      formerNamespaceId: fromNamespaceId,
      details: { formerName: fromPath },
    })
    return toTransfer(app, row)
  })
}

async function chooseNamespace(
  tx: Tx,
  actor: Actor,
  row: TransferRow,
  wanted: string | undefined,
): Promise<number> {
  const chosen = wanted === undefined ? undefined : await getNamespace(tx, wanted)
  if (chosen) {
    authorize(actor, 'manage', { namespaceId: chosen.id }, () => namespaceUnknown(chosen.name))
    if (row.toNamespaceId !== null && row.toNamespaceId !== chosen.id) {
      throw new RegistryError('invalid_request', `it was offered to ${row.toName}`)
    }
  }
  const id = row.toNamespaceId ?? chosen?.id ?? (await oldestOwn(tx, actor, row))
  if (id !== row.fromNamespaceId) return id
  throw new RegistryError('invalid_request', `${row.fromPath} is in ${row.fromName} already`)
}

/** The oldest namespace that the actor is an admin of, other than where the package is. */
async function oldestOwn(tx: Tx, actor: Actor, row: TransferRow): Promise<number> {
  const ids = [...actor.roles.keys()].filter(
    (id) => id !== row.fromNamespaceId && judge(actor, 'manage', { namespaceId: id }) === 'yes',
  )
  const own = await tx
    .selectFrom('namespaces')
    .select('id')
    .where('id', 'in', [-1, ...ids])
    .where('status', '=', 'active')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  if (own) return own.id
  throw new RegistryError('invalid_request', 'say to which namespace: you have none of your own')
}

/** In order of id, so that two transfers never wait for each other; before packages, as pushes do. */
async function lockBoth(app: App, tx: Tx, ids: readonly number[]): Promise<void> {
  for (const id of [...ids].sort((a, b) => a - b)) {
    const row = await app.database.dialect
      .lock(tx.selectFrom('namespaces').select(['name', 'status']).where('id', '=', id))
      .executeTakeFirst()
    if (row?.status === 'active') continue
    throw new RegistryError(
      'namespace_terminating',
      `namespace ${row?.name ?? ''} is being deleted`,
    )
  }
}

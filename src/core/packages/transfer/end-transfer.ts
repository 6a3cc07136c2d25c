import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { auditTransfer } from './audit-transfer.ts'
import {
  checkId,
  requirePending,
  selectTransfers,
  sidesOf,
  type Transfer,
  toTransfer,
  transferUnknown,
} from './transfer.ts'

/** Says no to an offer, as an admin of the namespace that it goes to, or its user. */
export async function declineTransfer(app: App, actor: Actor, id: number): Promise<Transfer> {
  return await endTransfer(app, actor, id, 'declined')
}

/** Takes an offer back, as an admin of the package's namespace. */
export async function cancelTransfer(app: App, actor: Actor, id: number): Promise<Transfer> {
  return await endTransfer(app, actor, id, 'cancelled')
}

const ENDS = {
  declined: { verb: 'decline', side: 'isTaker', who: 'those to whom it was offered' },
  cancelled: { verb: 'cancel', side: 'isGiver', who: 'admins of the namespace it is in' },
} as const

async function endTransfer(
  app: App,
  actor: Actor,
  id: number,
  status: keyof typeof ENDS,
): Promise<Transfer> {
  const { verb, side, who } = ENDS[status]
  return await change(app, async (tx) => {
    const current = await app.database.dialect
      .lock(tx.selectFrom('transfers').selectAll().where('id', '=', checkId(id)))
      .executeTakeFirst()
    const isTheirs = sidesOf(actor, current)[side]
    if (!current) throw transferUnknown()
    if (!isTheirs) throw new RegistryError('forbidden', `only ${who} may ${verb} it`)
    requirePending(app, current)
    await tx
      .updateTable('transfers')
      .set({ status, decidedBy: actor.name, decidedAt: now(app) })
      .where('id', '=', id)
      .execute()
    const row = await selectTransfers(tx).where('transfers.id', '=', id).executeTakeFirstOrThrow()
    await auditTransfer(app, tx, actor, { row, verb })
    return toTransfer(app, row)
  })
}

import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import {
  checkId,
  selectTransfers,
  sidesOf,
  type Transfer,
  toTransfer,
  transferUnknown,
} from './transfer.ts'

/** A transfer, for those who may decide for either side; to everybody else `transfer_unknown`. */
export async function findTransfer(app: App, actor: Actor, id: number): Promise<Transfer> {
  const row = await selectTransfers(app.database.db)
    .where('transfers.id', '=', checkId(id))
    .executeTakeFirst()
  sidesOf(actor, row)
  if (!row) throw transferUnknown()
  return toTransfer(app, row)
}

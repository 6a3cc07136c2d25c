import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import { advisoryUnknown, mayHandleDraft } from './advisory.ts'
import { announceAdvisory } from './announce-advisory.ts'

/**
 * Takes an advisory back. A published one stays readable, marked as withdrawn, and affects nothing
 * any more: operators only. A draft is gone: also for the admins of its packages.
 */
export async function withdrawAdvisory(app: App, actor: Actor, id: string): Promise<void> {
  await change(app, async (tx) => {
    const query = tx.selectFrom('advisories').selectAll().where('name', '=', id)
    const row = await app.database.dialect.lock(query).executeTakeFirst()
    if (row?.state === 'draft') {
      if (!(await mayHandleDraft(tx, actor, row.id))) throw advisoryUnknown(id)
      await tx.deleteFrom('advisories').where('id', '=', row.id).execute()
    } else {
      authorizeOperator(actor)
      if (!row) throw advisoryUnknown(id)
      if (row.state === 'withdrawn') return
      await announceAdvisory(tx, row.id)
      const at = now(app)
      const moment = new Date(at).toISOString()
      const document = { ...JSON.parse(row.document), withdrawn: moment, modified: moment }
      await tx
        .updateTable('advisories')
        .set({ state: 'withdrawn', withdrawnAt: at, modifiedAt: at })
        .set({ document: JSON.stringify(document) })
        .where('id', '=', row.id)
        .execute()
    }
    await audit(app, tx, actor, { action: 'advisory.withdraw', subject: `advisory:${id}` })
  })
}

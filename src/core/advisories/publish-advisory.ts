import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { type Advisory, advisoryUnknown, toAdvisory } from './advisory.ts'
import { announceAdvisory } from './announce-advisory.ts'

/** Shows a draft to everybody; operators only. Says nothing when it is published already. */
export async function publishAdvisory(app: App, actor: Actor, id: string): Promise<Advisory> {
  authorizeOperator(actor)
  return await change(app, async (tx) => {
    const query = tx.selectFrom('advisories').selectAll().where('name', '=', id)
    const row = await app.database.dialect.lock(query).executeTakeFirst()
    if (!row) throw advisoryUnknown(id)
    if (row.state === 'withdrawn') {
      throw new RegistryError('conflict', `advisory ${id} was withdrawn`)
    }
    if (row.state === 'published') return toAdvisory(row)
    const at = now(app)
    const moment = new Date(at).toISOString()
    const document = { ...JSON.parse(row.document), published: moment, modified: moment }
    const published = await tx
      .updateTable('advisories')
      .set({ state: 'published', publishedAt: at, modifiedAt: at })
      .set({ document: JSON.stringify(document) })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow()
    await announceAdvisory(tx, row.id)
    await audit(app, tx, actor, { action: 'advisory.publish', subject: `advisory:${id}` })
    return toAdvisory(published)
  })
}

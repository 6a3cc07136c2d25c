import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import type { Row, Tx } from '#core/db/schema.ts'
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
    return toAdvisory(row.state === 'published' ? row : await showAdvisory(app, tx, actor, row))
  })
}

/** Shows a draft, as a part of a larger change. */
export async function showAdvisory(
  app: App,
  tx: Tx,
  actor: Actor,
  { id, name, document: draft }: Row<'advisories'>,
): Promise<Row<'advisories'>> {
  const at = now(app)
  const moment = new Date(at).toISOString()
  const document = { ...JSON.parse(draft), published: moment, modified: moment }
  const published = await tx
    .updateTable('advisories')
    .set({ state: 'published', publishedAt: at, modifiedAt: at })
    .set({ document: JSON.stringify(document) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  await announceAdvisory(tx, id)
  await audit(app, tx, actor, { action: 'advisory.publish', subject: `advisory:${name}` })
  return published
}

import { systemActor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { kindRules } from './kinds.ts'
import { enqueueWake } from './wake-job.ts'
import { WEBHOOKS_TOPIC } from './webhook.ts'

/** A docs site that is told of every release of an ecosystem, as the registry's settings say. */
export interface DocsSite {
  readonly ecosystem: string
  readonly url: string
}

const KIND = 'form-package-name'

/** Reads `ECOSYSTEM URL`; undefined when it is not that. */
export function parseDocsSite(text: string): DocsSite | undefined {
  const [ecosystem = '', url = '', ...rest] = text.split(/ +/)
  if (!/^[a-z][a-z0-9-]*$/.test(ecosystem) || rest.length > 0) return undefined
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined
  return { ecosystem, url: new URL(url).href }
}

/** Makes a webhook of every docs site of the settings, and ends those that are not set any more. */
export async function applyConfiguredWebhooks(app: App): Promise<void> {
  const { docsSites } = app.settings
  const known = await app.database.db
    .selectFrom('webhooks')
    .select(['id', 'url', 'ecosystem', 'isActive'])
    .where('isConfigured', '=', 1)
    .execute()
  const isSame = (one: { ecosystem: string | null; url: string }, other: DocsSite) =>
    one.ecosystem === other.ecosystem && one.url === other.url
  const ended = known.filter((row) => !docsSites.some((site) => isSame(row, site)))
  const news = docsSites.filter((site) => !known.some((row) => isSame(row, site)))
  // A new start is a new chance for one that was turned off.
  const off = known.filter((row) => row.isActive === 0 && !ended.includes(row))
  if (ended.length + news.length + off.length === 0) return
  await change(app, async (tx) => {
    for (const { id } of ended) {
      await tx.deleteFrom('webhookDeliveries').where('webhookId', '=', id).execute()
      await tx.deleteFrom('webhooks').where('id', '=', id).execute()
      await audit(app, tx, systemActor('job'), {
        action: 'webhook.delete',
        subject: `webhook:${id}`,
      })
    }
    for (const site of news) await addDocsSite(app, tx, site)
    for (const { id } of off) {
      await tx
        .updateTable('webhooks')
        .set({ isActive: 1, deadStreak: 0, disabledReason: null })
        .where('id', '=', id)
        .execute()
      await enqueueWake(app, tx, [id])
    }
    changed(tx, WEBHOOKS_TOPIC)
  })
}

async function addDocsSite(app: App, tx: Tx, { ecosystem, url }: DocsSite): Promise<void> {
  const actor = systemActor('job')
  const events = kindRules(KIND).defaultEvents
  const added = await tx
    .insertInto('webhooks')
    .values({
      namespaceId: null,
      kind: KIND,
      url,
      secret: '',
      formerSecret: null,
      formerSecretUntil: null,
      events: JSON.stringify(events),
      ecosystem,
      isActive: 1,
      isConfigured: 1,
      disabledReason: null,
      deadStreak: 0,
      createdAt: now(app),
      createdBy: actor.name,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  // Otherwise another process was first.
  if (!added) return
  await audit(app, tx, actor, {
    action: 'webhook.create',
    subject: `webhook:${added.id}`,
    detail: { host: new URL(url).host, kind: KIND, events, ecosystem },
  })
}

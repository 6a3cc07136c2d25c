import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { prepared } from '#core/db/prepared.ts'
import type { Schema, Tx } from '#core/db/schema.ts'

/** One line of the audit: what was done to whom. */
export interface AuditEntry {
  /** The verb, 'noun.verb': 'release.publish', 'member.add'. */
  readonly action: string
  /** What it was done to, 'kind:name': 'package:oci:acme/web', 'user:ann'. */
  readonly subject: string
  readonly namespaceId?: number
  readonly detail?: Readonly<Record<string, unknown>>
}

/** Writes who did what, when, from where and with which credential, in the change's own transaction. */
export async function audit(app: App, tx: Tx, actor: Actor, entry: AuditEntry): Promise<void> {
  await insertAudit(tx, {
    at: now(app),
    actor: actor.name,
    action: entry.action,
    subject: entry.subject,
    detail: JSON.stringify(entry.detail ?? {}),
    address: actor.address,
    credential: actor.credential,
    requestId: actor.requestId,
    namespaceId: entry.namespaceId ?? null,
  })
}

const insertAudit = prepared<Omit<Schema['audit'], 'id'>, unknown>((db, param) =>
  db.insertInto('audit').values({
    at: param('at'),
    actor: param('actor'),
    action: param('action'),
    subject: param('subject'),
    detail: param('detail'),
    address: param('address'),
    credential: param('credential'),
    requestId: param('requestId'),
    namespaceId: param('namespaceId'),
  }),
)

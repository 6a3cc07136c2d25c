import type { Actor } from '#core/access/actor.ts'
import { authorize, authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import type { Millis, Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { getNamespace, namespaceUnknown } from '#core/namespaces/find-namespace.ts'
import { afterId, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'

/** Which lines: all conditions together. `after` goes on to older ones. */
export interface AuditFilter extends PageRequest {
  /** Name of a namespace; without it everything, which takes an operator. */
  readonly namespace?: string
  /** As lines name them: 'user:ann'. */
  readonly actor?: string
  readonly action?: string
  /** Nothing older than this. */
  readonly since?: Millis
}

/** Who did what, as it was written down. */
export interface AuditLine {
  readonly id: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly detail: Readonly<Record<string, unknown>>
  readonly address: string
  readonly credential: string
  readonly requestId: string
}

/** The audit, newest first: all of it for operators, their namespace's for its admins. */
export async function listAudit(
  app: App,
  actor: Actor,
  filter: AuditFilter = {},
): Promise<Page<AuditLine>> {
  const before = afterId(filter)
  let query = app.database.db.selectFrom('audit').selectAll()
  if (filter.namespace === undefined) authorizeOperator(actor)
  else {
    const id = await managedNamespaceId(app, actor, filter.namespace)
    query = query.where('namespaceId', '=', id)
  }
  if (before !== undefined) query = query.where('id', '<', before)
  if (filter.actor !== undefined) query = query.where('actor', '=', checkText(filter.actor))
  if (filter.action !== undefined) query = query.where('action', '=', checkText(filter.action))
  if (filter.since !== undefined) query = query.where('at', '>=', filter.since)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(pageLimit(filter) + 1)
    .execute()
  return toPage(rows, filter, { item: toLine, cursor: (row) => row.id })
}

async function managedNamespaceId(app: App, actor: Actor, rawName: string): Promise<number> {
  const { id } = await getNamespace(app.database.db, rawName)
  authorize(actor, 'manage', { namespaceId: id }, () => namespaceUnknown(rawName))
  return id
}

/** Actors and actions are plain ASCII; a database may choke on what is no text. */
function checkText(raw: string): string {
  if (raw.length <= 256 && /^[\x20-\x7e]*$/.test(raw)) return raw
  throw new RegistryError('invalid_request', 'actors and actions are plain ASCII text')
}

function toLine(row: Row<'audit'>): AuditLine {
  const { namespaceId: _, detail, ...line } = row
  return { ...line, detail: JSON.parse(detail) as Record<string, unknown> }
}

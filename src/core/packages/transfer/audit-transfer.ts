import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import type { Tx } from '#core/db/schema.ts'
import { auditDetail, type TransferRow } from './transfer.ts'

/** Writes what happened to a transfer into the audit of both sides. */
export async function auditTransfer(
  app: App,
  tx: Tx,
  actor: Actor,
  { row, verb, toPath }: { row: TransferRow; verb: string; toPath?: string },
): Promise<void> {
  const entry = {
    action: `transfer.${verb}`,
    subject: `package:${row.ecosystem}:${row.fromPath}`,
    detail: { ...auditDetail(row), ...(toPath !== undefined && { toPath }) },
  }
  await audit(app, tx, actor, { ...entry, namespaceId: row.fromNamespaceId })
  if (row.toNamespaceId === null) return
  await audit(app, tx, actor, { ...entry, namespaceId: row.toNamespaceId })
}

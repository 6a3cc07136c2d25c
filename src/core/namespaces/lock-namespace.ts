import type { App } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { type Namespace, namespaceUnknown, toNamespace } from './find-namespace.ts'
import { readNamespaceName } from './namespace-name.ts'

/**
 * The namespace, unchanged by others until the transaction ends. Throws `namespace_terminating`
 * when it is being deleted: nothing is added to it any more.
 */
export async function lockNamespace(app: App, tx: Tx, rawName: string): Promise<Namespace> {
  const namespace = await lockAnyNamespace(app, tx, rawName)
  if (namespace.status === 'active') return namespace
  throw new RegistryError('namespace_terminating', `namespace ${namespace.name} is being deleted`)
}

/** The same, also when it is being deleted. */
export async function lockAnyNamespace(app: App, tx: Tx, rawName: string): Promise<Namespace> {
  const parsed = readNamespaceName(rawName)
  if (!parsed) throw namespaceUnknown(rawName)
  const row = await app.database.dialect
    .lock(tx.selectFrom('namespaces').selectAll().where('key', '=', parsed.key))
    .executeTakeFirst()
  if (!row) throw namespaceUnknown(rawName)
  return toNamespace(row)
}

import type { App } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'

/**
 * Throws `conflict` when a package has the version already, but for its build metadata: clients could
 * not tell which of the two comes first. Removed ones count. The namespace is locked first, so that two
 * publishers at once see each other.
 */
export async function refuseEqualVersion(
  app: App,
  tx: Tx,
  target: Package,
  { version, precedence }: { version: string; precedence: string },
): Promise<void> {
  const namespace = tx.selectFrom('namespaces').select('id').where('id', '=', target.namespaceId)
  await app.database.dialect.lock(namespace).execute()
  const other = await tx
    .selectFrom('releases')
    .select('version')
    .where('packageId', '=', target.id)
    .where('version', '!=', version)
    // What begins with the version and a plus; a comma is the next character.
    .where((eb) =>
      eb.or([
        eb('version', '=', precedence),
        eb('version', '>', `${precedence}+`).and('version', '<', `${precedence},`),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  if (!other) return
  throw new RegistryError(
    'conflict',
    `${target.path} has ${other.version}, which differs from ${version} only in its build metadata`,
    { details: { reason: 'version_exists' } },
  )
}

import type { App } from '#core/app.ts'
import type { Row, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'

/** A release of a package, unchanged by others until the transaction ends; tombstones too. */
export async function lockRelease(
  app: App,
  tx: Tx,
  target: Package,
  version: string,
): Promise<Row<'releases'>> {
  const row = await app.database.dialect
    .lock(
      tx
        .selectFrom('releases')
        .selectAll()
        .where('packageId', '=', target.id)
        .where('version', '=', checkText(target, version)),
    )
    .executeTakeFirst()
  if (!row) throw releaseUnknown(target, version)
  return row
}

/** Throws `gone` for a tombstone. */
export function requireNotRemoved(
  target: Pick<Package, 'path'>,
  release: { version: string; removedAt: number | null },
): void {
  if (release.removedAt !== null) throw releaseGone(target, release.version)
}

/** What is said of a release that operators removed. */
export function releaseGone(target: Pick<Package, 'path'>, version: string): RegistryError {
  return new RegistryError('gone', `${target.path} ${version} was removed for good`)
}

function releaseUnknown(target: Package, version: string): RegistryError {
  return new RegistryError('release_unknown', `${target.path} has no ${version.slice(0, 200)}`)
}

/** A database may choke on what is no text (PostgreSQL on NUL). */
function checkText(target: Package, version: string): string {
  if (version.length <= 512 && version.isWellFormed() && !version.includes('\0')) return version
  throw releaseUnknown(target, '')
}

import type { App } from '#core/app.ts'
import { type Param, prepared } from '#core/db/prepared.ts'
import type { Tx } from '#core/db/schema.ts'
import { documentOf, type SearchDocument } from './document.ts'
import { selectSearchables } from './searchables.ts'

/**
 * Brings what search knows of a package up to date, in the change's own transaction, after its
 * other rows. Call it whenever releases come, go or are yanked, or the package is renamed, moved,
 * shown or hidden. Deleting its row needs no call. Writes only what differs.
 */
export async function indexPackage(app: App, tx: Tx, packageId: number): Promise<void> {
  const { rows } = await searchableById(tx, { packageId })
  const [found] = rows
  if (found) await writeDocument(app, tx, documentOf(found))
  else await tx.deleteFrom('searchDocuments').where('packageId', '=', packageId).execute()
}

const searchableById = prepared((db, param: Param<{ packageId: number }>) =>
  selectSearchables(db).where('packages.id', '=', param('packageId')),
)

const documentById = prepared((db, param: Param<{ packageId: number }>) =>
  db.selectFrom('searchDocuments').selectAll().where('packageId', '=', param('packageId')),
)

async function writeDocument(app: App, tx: Tx, { row, terms }: SearchDocument): Promise<void> {
  const { rows } = await documentById(tx, { packageId: row.packageId })
  const [known] = rows
  const { packageId: _, ...columns } = row
  if (!known || !isSame(known, row)) {
    await tx
      .insertInto('searchDocuments')
      .values(row)
      .onConflict((conflict) => conflict.column('packageId').doUpdateSet(columns))
      .execute()
  }
  if (known?.termsHash === row.termsHash) return
  await app.database.dialect.search.write(tx, [{ packageId: row.packageId, terms }])
}

/** Whether the row is as it should be. */
export function isSame(known: SearchDocument['row'], wanted: SearchDocument['row']): boolean {
  return Object.entries(wanted).every(([key, value]) => known[key as keyof typeof known] === value)
}

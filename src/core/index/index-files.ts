import type { Db, Row, Tx } from '#core/db/schema.ts'

/** Values of one statement, well below what databases take. */
const BATCH = 1_000
/** Texts read by one query. */
const PAGE_ROWS = 500

/** The files of some packages as of the newest commit, and those that are about no package. */
export async function readFiles(
  db: Db,
  ecosystem: string,
  packageIds: readonly number[],
): Promise<Array<Row<'indexFiles'>>> {
  const select = () => db.selectFrom('indexFiles').selectAll().where('ecosystem', '=', ecosystem)
  const found = await select().where('packageId', 'is', null).execute()
  for (let at = 0; at < packageIds.length; at += BATCH) {
    const some = packageIds.slice(at, at + BATCH)
    found.push(...(await select().where('packageId', 'in', some).execute()))
  }
  return found
}

/** Those of the paths at which there is a file. */
export async function findOccupied(
  db: Db,
  ecosystem: string,
  paths: readonly string[],
): Promise<Set<string>> {
  const found = new Set<string>()
  for (let at = 0; at < paths.length; at += BATCH) {
    const rows = await db
      .selectFrom('indexFiles')
      .select('path')
      .where('ecosystem', '=', ecosystem)
      .where('path', 'in', paths.slice(at, at + BATCH))
      .execute()
    for (const { path } of rows) found.add(path)
  }
  return found
}

/** All files in the order of their paths, a page at a time. */
export async function* everyFile(
  db: Db,
  ecosystem: string,
): AsyncGenerator<ReadonlyArray<Row<'indexFiles'>>> {
  for (let after = ''; ; ) {
    const rows = await db
      .selectFrom('indexFiles')
      .selectAll()
      .where('ecosystem', '=', ecosystem)
      .where('path', '>', after)
      .orderBy('path')
      .limit(PAGE_ROWS)
      .execute()
    const last = rows.at(-1)
    if (!last) return
    after = last.path
    yield rows
  }
}

/** Takes files away and puts others in their places. */
export async function insertFiles(
  tx: Tx,
  ecosystem: string,
  { gone, rows }: { gone: readonly string[]; rows: ReadonlyArray<Row<'indexFiles'>> },
): Promise<void> {
  for (let at = 0; at < gone.length; at += BATCH) {
    await tx
      .deleteFrom('indexFiles')
      .where('ecosystem', '=', ecosystem)
      .where('path', 'in', gone.slice(at, at + BATCH))
      .execute()
  }
  for (let at = 0; at < rows.length; at += BATCH) {
    await tx
      .insertInto('indexFiles')
      .values(rows.slice(at, at + BATCH))
      .execute()
  }
}

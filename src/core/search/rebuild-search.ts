import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import type { JobHandler } from '#core/jobs/job.ts'
import { documentOf } from './document.ts'
import { selectSearchables } from './searchables.ts'

/** Packages in one transaction: small enough that pushes elsewhere hardly wait. */
const BATCH = 200

/** How to rebuild. */
export interface RebuildOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

/**
 * Writes again what search knows of every package. Search answers meanwhile, and changes may go
 * on: each package is done in a transaction with its own rows.
 */
export async function rebuildSearch(app: App, options: RebuildOptions = {}): Promise<number> {
  const { count } = await app.database.db
    .selectFrom('packages')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  let done = 0
  let after = 0
  for (;;) {
    options.signal?.throwIfAborted()
    const ids = await app.database.db
      .selectFrom('packages')
      .select('id')
      .where('id', '>', after)
      .orderBy('id')
      .limit(BATCH)
      .execute()
    const last = ids.at(-1)
    if (!last) return done
    await change(app, (tx) => rebuildSome(app, tx, { after, last: last.id }))
    after = last.id
    done += ids.length
    options.onProgress?.({ done, total: Math.max(done, Number(count)) })
  }
}

async function rebuildSome(
  app: App,
  tx: Tx,
  { after, last }: { after: number; last: number },
): Promise<void> {
  // Held until the end: a change of a package comes before, or after and indexes it again.
  await app.database.dialect
    .lock(tx.selectFrom('packages').select('id').where('id', '>', after).where('id', '<=', last))
    .execute()
  await tx
    .deleteFrom('searchDocuments')
    .where('packageId', '>', after)
    .where('packageId', '<=', last)
    .execute()
  const found = await selectSearchables(tx)
    .where('packages.id', '>', after)
    .where('packages.id', '<=', last)
    .execute()
  if (found.length === 0) return
  const documents = found.map(documentOf)
  await tx
    .insertInto('searchDocuments')
    .values(documents.map(({ row }) => row))
    .execute()
  await app.database.dialect.search.write(
    tx,
    documents.map(({ row: { packageId }, terms }) => ({ packageId, terms })),
  )
}

/** Fills the search of a registry that is older than it; see migration 0004. */
export const rebuildSearchJob: JobHandler = {
  kind: 'search.rebuild',
  async run(app, _payload, { signal }) {
    await rebuildSearch(app, { signal })
  },
}

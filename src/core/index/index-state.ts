import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Db, Row, Tx } from '#core/db/schema.ts'
import type { EcosystemRules, IndexFacts, IndexRules } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import { noteAllIndexChanges } from './index-changes.ts'

/** An ecosystem that has an index. */
export type IndexedEcosystem = EcosystemRules & { readonly index: IndexRules }

/** An index as of its newest commit. */
export type IndexState = Row<'indexState'>

/** Everything made of an index as a whole. */
export const indexTopic = (ecosystem: string): string => `index:${ecosystem}`

/** The ecosystems that have an index. */
export function listIndexed(app: App): IndexedEcosystem[] {
  return app.ecosystems.filter((one): one is IndexedEcosystem => one.index !== undefined)
}

/** The ecosystem of that id, which must have an index. */
export function getIndexed(app: App, id: string): IndexedEcosystem {
  const indexed = listIndexed(app)
  const found = indexed.find((one) => one.id === id)
  if (found) return found
  const known = indexed.map((one) => one.id).join(', ') || 'none has'
  throw new RegistryError('not_found', `${id.slice(0, 50)} has no index here; these have: ${known}`)
}

/** Reads the state; undefined before the index was begun. */
export async function findIndexState(db: Db, ecosystem: string): Promise<IndexState | undefined> {
  return await db
    .selectFrom('indexState')
    .selectAll()
    .where('ecosystem', '=', ecosystem)
    .executeTakeFirst()
}

/** The same from memory, when it can be. */
export function recallIndexState(app: App, ecosystem: string): Promise<IndexState | undefined> {
  return app.cache.through(`index state ${ecosystem}`, async () => ({
    value: await findIndexState(app.database.db, ecosystem),
    topics: [indexTopic(ecosystem)],
  }))
}

/** Holds the index until the transaction ends: one at a time writes it. It must have been begun. */
export async function lockIndexState(app: App, tx: Tx, ecosystem: string): Promise<IndexState> {
  return await app.database.dialect
    .lock(tx.selectFrom('indexState').selectAll().where('ecosystem', '=', ecosystem))
    .executeTakeFirstOrThrow()
}

/**
 * Begins the index; or, when this registry has another address or this version writes other texts
 * than those that the index was made with, has all of it made anew. For the start of a server.
 */
export async function prepareIndex(app: App, { id, index }: IndexedEcosystem): Promise<void> {
  const facts = JSON.stringify({ ...factsOf(app), format: index.format })
  const known = await findIndexState(app.database.db, id)
  if (known?.facts === facts) return
  if (known) app.log.info({ ecosystem: id, facts, were: known.facts }, 'the index is written anew')
  await change(app, async (tx) => {
    await tx
      .insertInto('indexState')
      .values({ ecosystem: id, number: 0, commitId: '', facts })
      .onConflict((conflict) => conflict.column('ecosystem').doUpdateSet({ facts }))
      .execute()
    await noteAllIndexChanges(app, tx, id)
  })
}

/** Begins the index if nobody did; for commands and readers, which may not know the address. */
export async function beginIndex(app: App, ecosystem: IndexedEcosystem): Promise<void> {
  if (!(await findIndexState(app.database.db, ecosystem.id))) await prepareIndex(app, ecosystem)
}

/** What the index tells of the registry: the same in every process, and in commands. */
export function readFacts({ facts }: IndexState): IndexFacts {
  const { publicUrl } = JSON.parse(facts) as IndexFacts
  return { publicUrl }
}

function factsOf({ settings }: App): IndexFacts {
  return { publicUrl: settings.publicUrl }
}

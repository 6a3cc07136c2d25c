import { setImmediate as nextTurn } from 'node:timers/promises'
import { Gzip } from 'fflate'
import type { App } from '#core/app.ts'
import { tarEnd, tarEntry } from '#core/archives/pack-archive.ts'
import { takeInWhatWaits } from './index-repository.ts'
import { findIndexState, type IndexedEcosystem } from './index-state.ts'

/** An index in one file. */
export interface IndexArchive {
  /** The commit whose files it has. */
  readonly commitId: string
  readonly bytes: Uint8Array
}

/** As `packArchive` has it, and the same bytes on every machine and runtime for the same reason. */
const GZIP = { level: 6, mem: 12, mtime: 0 } as const
const FILES_PER_TURN = 20

/** The newest of each index, made or being made. */
const archivesOf = new WeakMap<App, Map<string, Promise<IndexArchive>>>()

/** All files of an index as a gzip tar. It is made once per commit, for the first who asks. */
export async function openIndexArchive(
  app: App,
  ecosystem: IndexedEcosystem,
): Promise<IndexArchive> {
  await takeInWhatWaits(app, ecosystem)
  const archives = archivesOf.get(app) ?? new Map<string, Promise<IndexArchive>>()
  archivesOf.set(app, archives)
  for (;;) {
    const state = await findIndexState(app.database.db, ecosystem.id)
    const making = archives.get(ecosystem.id)
    const known = await making?.catch(() => undefined)
    if (known && known.commitId === state?.commitId) return known
    // Somebody else may have begun a newer one meanwhile.
    if (archives.get(ecosystem.id) !== making) continue
    const next = packIndex(app, ecosystem.id)
    archives.set(ecosystem.id, next)
    return await next
  }
}

/** Makes the archive from the database. Holds the texts of the whole index meanwhile. */
export async function packIndex(app: App, ecosystem: string): Promise<IndexArchive> {
  // One statement: all of it is of one commit.
  const rows = await app.database.db
    .selectFrom('indexFiles')
    .innerJoin('indexState', 'indexState.ecosystem', 'indexFiles.ecosystem')
    .select(['indexFiles.path', 'indexFiles.text', 'indexState.commitId'])
    .where('indexFiles.ecosystem', '=', ecosystem)
    .orderBy('indexFiles.path')
    .execute()
  const chunks: Uint8Array[] = []
  const gzip = new Gzip(GZIP, (chunk) => chunks.push(chunk))
  for (let at = 0; at < rows.length; at += FILES_PER_TURN) {
    for (const { path, text } of rows.slice(at, at + FILES_PER_TURN)) {
      gzip.push(Buffer.concat(tarEntry({ path, bytes: Buffer.from(text) })))
    }
    // Whoever else is asking comes in between.
    await nextTurn()
  }
  gzip.push(tarEnd(), true)
  return { commitId: rows[0]?.commitId ?? '', bytes: Buffer.concat(chunks) }
}

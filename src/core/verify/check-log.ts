import type { App } from '#core/app.ts'
import type { Row } from '#core/db/schema.ts'
import { openCheckpoint, readCheckpoint } from '#core/log/checkpoint.ts'
import { leafHash, rootHash } from '#core/log/merkle.ts'
import { LogError, parseVerifier } from '#core/log/note.ts'
import { type LogState, readLogState } from '#core/log/read-log.ts'
import { hiddenRecordText, recordText } from '#core/log/record.ts'
import { appendLeaves, edgeAmong, nodesOf, readAmong, type Tile } from '#core/log/tiles.ts'
import { PAGE_ROWS, type VerifyRun } from './problem.ts'

/**
 * The log from its first entry: every record tells what its row does, every position is taken once,
 * and the tiles and the signed checkpoint are those of the entries. The log may grow meanwhile.
 */
export async function* checkLog(run: VerifyRun): AsyncGenerator<number> {
  const state = await readLogState(run.app.database.db)
  let edge: Tile[] = []
  let size = 0
  for (;;) {
    const entries = await selectEntries(run.app, size, state.size)
    if (entries.length === 0) break
    for (const [index, entry] of entries.entries()) {
      checkRecord(run, entry)
      checkPosition(run, entry, size + index)
    }
    const leaves = entries.map(({ record }) => leafHash(record))
    const tiles = appendLeaves(size, edge, leaves)
    size += entries.length
    await checkTiles(run, tiles)
    edge = edgeAmong(size, [...edge, ...tiles])
    yield entries.length
  }
  await checkCheckpoint(run, state, { size, edge })
  yield* checkWaiting(run)
  await checkAllLogged(run)
}

type Entry = Row<'logEntries'>

function selectEntries(app: App, from: number, to: number): Promise<Entry[]> {
  return app.database.db
    .selectFrom('logEntries')
    .selectAll()
    .where('position', '>=', from)
    .where('position', '<', to)
    .orderBy('position')
    .limit(PAGE_ROWS)
    .execute()
}

/** Entries without a place are not in a tree yet. */
async function* checkWaiting(run: VerifyRun): AsyncGenerator<number> {
  for (let after = 0; ; ) {
    const entries = await run.app.database.db
      .selectFrom('logEntries')
      .selectAll()
      .where('position', 'is', null)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(PAGE_ROWS)
      .execute()
    const last = entries.at(-1)
    if (!last) return
    after = last.seq
    for (const entry of entries) checkRecord(run, entry)
    yield entries.length
  }
}

function checkPosition(run: VerifyRun, { seq, position }: Entry, place: number): void {
  if (position === place) return
  const detail = `it is at ${position} where ${place} should be`
  run.report({ kind: 'log_position', subject: `log entry ${seq}`, detail })
}

function checkRecord(run: VerifyRun, entry: Entry): void {
  const { salt, record, seq } = entry
  const subject = `log entry ${seq}`
  const right = salt === null ? recordText(entry) : hiddenRecordText(salt, entry)
  if (record === right) return
  run.report({ kind: 'log_record', subject, detail: `${record.trimEnd()} is not what it tells` })
}

async function checkTiles(run: VerifyRun, tiles: readonly Tile[]): Promise<void> {
  for (const { level, number, hashes } of tiles) {
    const row = await run.app.database.db
      .selectFrom('logTiles')
      .select('hashes')
      .where('level', '=', level)
      .where('number', '=', number)
      .executeTakeFirst()
    const stored = Buffer.from(row?.hashes ?? '', 'base64').subarray(0, hashes.length)
    if (Buffer.compare(stored, hashes) === 0) continue
    const detail = 'its hashes are not those of the entries'
    run.report({ kind: 'log_tile', subject: `tile ${number} of level ${level}`, detail })
  }
}

async function checkCheckpoint(
  run: VerifyRun,
  state: LogState,
  { size, edge }: { readonly size: number; readonly edge: readonly Tile[] },
): Promise<void> {
  if (size !== state.size) {
    const detail = `it has ${size} entries and is published with ${state.size}`
    run.report({ kind: 'log_position', subject: 'log', detail })
  }
  // Before the first server start there is nothing signed.
  if (state.size === 0 && state.checkpoint === '') return
  try {
    const verifiers = state.verifierKeys.split(' ').map(parseVerifier)
    const { origin } = readCheckpoint(state.checkpoint)
    const signed = openCheckpoint(state.checkpoint, origin, verifiers)
    const root = await rootHash(nodesOf(readAmong(edge)), size)
    if (signed.size === size && Buffer.compare(signed.root, root) === 0) return
    const detail = `it tells of ${signed.size} entries and another root than theirs`
    run.report({ kind: 'log_root', subject: 'checkpoint', detail })
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    run.report({ kind: 'log_signature', subject: 'checkpoint', detail: error.message })
  }
}

/** No release without an entry. */
async function checkAllLogged(run: VerifyRun): Promise<void> {
  const unlogged = await run.app.database.db
    .selectFrom('releases')
    .innerJoin('packages', 'packages.id', 'releases.packageId')
    .select(['releases.id', 'releases.version', 'packages.path'])
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('logEntries')
            .select('logEntries.seq')
            .whereRef('logEntries.ecosystem', '=', 'packages.ecosystem')
            .whereRef('logEntries.name', '=', 'packages.path')
            .whereRef('logEntries.version', '=', 'releases.version')
            .whereRef('logEntries.digest', '=', 'releases.digest'),
        ),
      ),
    )
    .limit(PAGE_ROWS)
    .execute()
  for (const { id, path, version } of unlogged) {
    const detail = `the log has no entry of ${path} ${version}`
    run.report({ kind: 'release_unlogged', subject: `release ${id}`, detail })
  }
}

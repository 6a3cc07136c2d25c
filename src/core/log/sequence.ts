import { sql } from 'kysely'
import type { App } from '#core/app.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { askWitnesses } from './ask-witnesses.ts'
import { checkpointText, GO_TREE } from './checkpoint.ts'
import { recallCheckpoint, rememberCheckpoint, requireContinued } from './log-memory.ts'
import { logOrigin, logSigners } from './log-signers.ts'
import { HASH_BYTES, leafHash, rootHash } from './merkle.ts'
import { type Signer, signNote } from './note.ts'
import { LOG_TOPIC, type LogState } from './read-log.ts'
import { saveTiles } from './save-tiles.ts'
import { appendLeaves, edgeAmong, edgeOf, nodesOf, readAmong, type Tile } from './tiles.ts'

/** Entries that get their place in one transaction: few enough that others hardly wait. */
const MAX_BATCH = 2_048

/** What one transaction did. */
export interface Sequenced {
  readonly added: number
  /** There may be more to do. */
  readonly isFull: boolean
}

/** Another process signs this log with keys that this one does not have. */
export class ForeignLogKeyError extends Error {
  override readonly name = 'ForeignLogKeyError'
}

/**
 * Gives waiting entries their places, in the order they were logged, and publishes the tree with
 * them. Places, tiles and checkpoint are one transaction, so a checkpoint is never ahead of its
 * tiles, and what a crash interrupts never happened. One process at a time holds the state's row.
 */
export async function sequence(app: App): Promise<Sequenced> {
  const signers = logSigners(app)
  const remembered = await recallCheckpoint(app)
  const { checkpoint, ...sequenced } = await change(app, async (tx) => {
    const state = await app.database.dialect
      .lock(tx.selectFrom('logState').selectAll().where('id', '=', 1))
      .executeTakeFirstOrThrow()
    requireOwnKey(state, signers)
    await requireContinued(app, tx, state, remembered)
    const records = await takePlaces(tx, state.size)
    const isNews = records.length > 0 || !isSignedBy(state, signers)
    const checkpoint = isNews
      ? await publish(app, tx, { state, signers, records })
      : state.checkpoint
    return { checkpoint, added: records.length, isFull: records.length === MAX_BATCH }
  })
  await rememberCheckpoint(app, checkpoint)
  return sequenced
}

/** Whether entries wait; one look into an index. */
export async function hasWaitingEntries(app: App): Promise<boolean> {
  const waiting = await app.database.db
    .selectFrom('logEntries')
    .select('seq')
    .where('position', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return waiting !== undefined
}

/** Gives places from `size` on; answers the texts in that order. */
async function takePlaces(tx: Tx, size: number): Promise<string[]> {
  const { rows } = await sql<{ position: number; record: string }>`
    update log_entries set position = ranked.place
    from (
      select seq, ${sql.lit(size - 1)} + row_number() over (order by seq) as place
      from log_entries where position is null order by seq limit ${sql.lit(MAX_BATCH)}
    ) as ranked
    where ranked.seq = log_entries.seq
    returning log_entries.position as position, log_entries.record as record`.execute(tx)
  return rows.sort((a, b) => a.position - b.position).map((row) => row.record)
}

interface Publication {
  readonly state: LogState
  readonly signers: readonly Signer[]
  readonly records: readonly string[]
}

async function publish(
  app: App,
  tx: Tx,
  { state, signers, records }: Publication,
): Promise<string> {
  const edge = await readEdge(tx, state.size)
  const tiles = appendLeaves(
    state.size,
    edge,
    records.map((record) => leafHash(record)),
  )
  await saveTiles(tx, tiles)
  const size = state.size + records.length
  const root = await rootHash(nodesOf(readAmong(edgeAmong(size, [...edge, ...tiles]))), size)
  const tree = { size, root }
  const checkpoint = signNote(checkpointText({ ...tree, origin: logOrigin(app) }), signers)
  await tx
    .updateTable('logState')
    .set({
      size,
      checkpoint,
      goTree: signNote(checkpointText({ ...tree, origin: GO_TREE }), signers),
      verifierKeys: keysOf(signers),
    })
    .where('id', '=', 1)
    .execute()
  changed(tx, LOG_TOPIC)
  await askWitnesses(app, tx)
  return checkpoint
}

async function readEdge(tx: Tx, size: number): Promise<Tile[]> {
  const tiles: Tile[] = []
  for (const { level, number, width } of edgeOf(size)) {
    const { hashes } = await tx
      .selectFrom('logTiles')
      .select('hashes')
      .where('level', '=', level)
      .where('number', '=', number)
      .executeTakeFirstOrThrow()
    const bytes = Buffer.from(hashes, 'base64')
    tiles.push({ level, number, hashes: bytes.subarray(0, width * HASH_BYTES) })
  }
  return tiles
}

/**
 * A log goes on under a key that signed it before: keys change by adding the new one beside the
 * old. So a process that was given a wrong key, or made one of its own, cannot fork the log.
 */
function requireOwnKey({ verifierKeys }: LogState, signers: readonly Signer[]): void {
  const [first] = signers
  if (!first) throw new ForeignLogKeyError('this process has no key of the log (setting log.key)')
  const known = publicKeys(verifierKeys)
  const own = publicKeys(keysOf(signers))
  if (known.length === 0 || own.some((key) => known.includes(key))) return
  throw new ForeignLogKeyError(
    'the log is signed with another key than this process has: give all processes the same log.key',
  )
}

function isSignedBy({ verifierKeys }: LogState, signers: readonly Signer[]): boolean {
  return verifierKeys === keysOf(signers)
}

function keysOf(signers: readonly Signer[]): string {
  return signers.map(({ verifier }) => verifier.text).join(' ')
}

/** Without names: those follow the log's address. */
function publicKeys(verifierKeys: string): string[] {
  const texts = verifierKeys.split(' ').filter((text) => text !== '')
  return texts.map((text) => text.split('+').slice(2).join('+'))
}

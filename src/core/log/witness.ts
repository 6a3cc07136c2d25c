import { createHash } from 'node:crypto'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { type Checkpoint, parseHash } from './checkpoint.ts'
import { witnessSigners } from './log-signers.ts'
import { EMPTY_ROOT } from './merkle.ts'
import { isConsistent } from './merkle-verify.ts'
import { LogError, linesOf, openNote, signatureLines, type Verifier } from './note.ts'
import { parseWitnessRequest, type WitnessRequest } from './witness-request.ts'

/** What the witness says: its signature lines, or what it signed last when the log is wrong there. */
export type Witnessed =
  | { readonly isCosigned: true; readonly lines: string }
  | { readonly isCosigned: false; readonly size: number }

/**
 * Cosigns the checkpoint of another log, as its witness: only if it continues what was cosigned
 * before. Comparing, signing and remembering are one transaction that holds the log's row, so no
 * two processes can sign two histories.
 */
export async function addCheckpoint(app: App, body: string): Promise<Witnessed> {
  const request = asInvalid(() => parseWitnessRequest(body))
  const { oldSize, note, checkpoint } = request
  const verifiers = verifiersOf(app, checkpoint.origin)
  if (verifiers.length === 0) {
    throw new RegistryError('not_found', `${checkpoint.origin} is not witnessed here`)
  }
  const text = requireSigned(note, verifiers)
  if (oldSize > checkpoint.size) {
    throw new RegistryError('invalid_request', 'the old size is more than the checkpoint’s')
  }
  const cosigners = witnessSigners(app)
  if (cosigners.length === 0) throw new RegistryError('unavailable', 'this process has no key')
  return await change(app, async (tx) => {
    const last = await lockLast(app, tx, checkpoint.origin)
    if (last.size !== oldSize) return { isCosigned: false, size: last.size }
    requireConsistent(last, request)
    const lines = signatureLines(text, cosigners)
    await tx
      .updateTable('witnessedLogs')
      .set({
        size: checkpoint.size,
        root: base64(checkpoint.root),
        checkpoint: `${text}\n${linesOf(note, verifiers)}${lines}`,
      })
      .where('origin', '=', checkpoint.origin)
      .execute()
    return { isCosigned: true, lines }
  })
}

/** What was cosigned last of a log; `key` is the SHA-256 of its origin in hex. */
export async function readWitnessed(app: App, key: string): Promise<string> {
  const log = app.settings.witnessedLogs.find(({ origin }) => sha256(origin) === key)
  const row =
    log &&
    (await app.database.db
      .selectFrom('witnessedLogs')
      .select('checkpoint')
      .where('origin', '=', log.origin)
      .executeTakeFirst())
  if (row && row.checkpoint !== '') return row.checkpoint
  throw new RegistryError('not_found', 'nothing of this log was cosigned here')
}

function verifiersOf({ settings }: App, origin: string): Verifier[] {
  return settings.witnessedLogs.filter((log) => log.origin === origin).map((log) => log.verifier)
}

function requireSigned(note: string, verifiers: readonly Verifier[]): string {
  try {
    return openNote(note, verifiers)
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    throw new RegistryError('forbidden', error.message, { cause: error })
  }
}

function requireConsistent(
  last: { readonly size: number; readonly root: string },
  { checkpoint, proof }: WitnessRequest & { readonly checkpoint: Checkpoint },
): void {
  const old = { size: last.size, root: parseHash(last.root) }
  if (isConsistent(old, checkpoint, proof)) return
  const { size } = checkpoint
  const message = `the tree of ${size} is not shown to begin with the tree of ${old.size} that was cosigned`
  throw new RegistryError('unprocessable', message)
}

/** There is a row for the first time too: those who come at once wait for each other. */
async function lockLast(app: App, tx: Tx, origin: string) {
  await tx
    .insertInto('witnessedLogs')
    .values({ origin, size: 0, root: base64(EMPTY_ROOT), checkpoint: '' })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return await app.database.dialect
    .lock(tx.selectFrom('witnessedLogs').selectAll().where('origin', '=', origin))
    .executeTakeFirstOrThrow()
}

function asInvalid<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    throw new RegistryError('invalid_request', error.message, { cause: error })
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function base64(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64')
}

import { type App, now } from '#core/app.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { enqueue } from '#core/jobs/enqueue.ts'
import type { JobHandler, Schedule } from '#core/jobs/job.ts'
import { readCheckpoint } from './checkpoint.ts'
import { linesOf, openNote, parseNote } from './note.ts'
import { proveConsistency } from './prove.ts'
import { LOG_TOPIC, readLogState } from './read-log.ts'
import { formatWitnessRequest } from './witness-request.ts'
import type { LogWitness } from './witnesses.ts'

const KIND = 'log.cosign'
/** A log that grows all the time asks each witness so often at most. */
const PACE_MS = 1_000
const ANSWER_MS = 10_000
/** Other processes of ours may ask meanwhile: each of them moves the witness on. */
const MAX_TRIES = 3
const SIZE = /^(0|[1-9]\d{0,15})\n$/
/** Cosignatures tell the time: a log that does not grow is cosigned again. */
const EVERY_SECONDS = 3_600

/**
 * Asks a witness to cosign the log. One job per witness, so that one who does not answer keeps
 * nobody waiting; it is asked again, ever less often, until it does.
 */
export const cosignLogJob: JobHandler = {
  kind: KIND,
  maxAttempts: Number.MAX_SAFE_INTEGER,
  async run(app, payload, { signal }) {
    const key = witnessKeyOf(payload)
    // The schedule names nobody: all of them.
    if (key === undefined) return await change(app, (tx) => askWitnesses(app, tx))
    const witness = app.settings.logWitnesses.find(({ verifier }) => verifier.text === key)
    if (witness) await cosign(app, witness, signal)
  },
}

/** Asks again when nothing was logged. */
export const cosignSchedule: Schedule = { kind: KIND, everySeconds: EVERY_SECONDS }

/** Has all witnesses asked, once this is committed; nobody waits for them. */
export async function askWitnesses(app: App, tx: Tx): Promise<void> {
  const runAt = new Date(now(app) + PACE_MS)
  for (const { verifier } of app.settings.logWitnesses) {
    await enqueue(app, tx, {
      kind: KIND,
      key: verifier.text,
      payload: { witness: verifier.text },
      runAt,
    })
  }
}

function witnessKeyOf(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null || !('witness' in payload)) return undefined
  return typeof payload.witness === 'string' ? payload.witness : undefined
}

async function cosign(app: App, witness: LogWitness, signal: AbortSignal): Promise<void> {
  const { verifier } = witness
  const { checkpoint } = await readLogState(app.database.db)
  if (checkpoint === '') return
  const { size } = readCheckpoint(checkpoint)
  let oldSize = Math.min(await lastSize(app, verifier.text), size)
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const proof = await proveConsistency(app, oldSize, size)
    const body = formatWitnessRequest({ oldSize, proof, note: checkpoint })
    const answer = await send(witness, body, signal)
    if (typeof answer === 'string') {
      const signed = `${parseNote(checkpoint).text}\n${answer}`
      openNote(signed, [verifier])
      return await save(app, witness, { size, checkpoint, lines: linesOf(signed, [verifier]) })
    }
    if (answer.size > size) {
      throw new Error(`the witness cosigned ${answer.size} entries and the log has ${size}`)
    }
    oldSize = answer.size
  }
  throw new Error('the witness says another size each time')
}

/** Its signature lines, or the size that it signed last. */
async function send(
  { url }: LogWitness,
  body: string,
  stopping: AbortSignal,
): Promise<string | { readonly size: number }> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(ANSWER_MS)])
  const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body, signal })
  const text = await response.text()
  if (response.status === 200) return text
  const size = SIZE.exec(text)?.[1]
  if (response.status === 409 && size !== undefined) return { size: Number(size) }
  throw new Error(`${url} answers ${response.status}: ${text.slice(0, 200)}`)
}

async function lastSize(app: App, witness: string): Promise<number> {
  const row = await app.database.db
    .selectFrom('logCosignatures')
    .select('size')
    .where('witness', '=', witness)
    .executeTakeFirst()
  return row?.size ?? 0
}

async function save(
  app: App,
  { verifier }: LogWitness,
  cosigned: { readonly size: number; readonly checkpoint: string; readonly lines: string },
): Promise<void> {
  await change(app, async (tx) => {
    await tx
      .insertInto('logCosignatures')
      .values({ witness: verifier.text, name: verifier.name, ...cosigned })
      .onConflict((conflict) => conflict.column('witness').doUpdateSet(cosigned))
      .execute()
    changed(tx, LOG_TOPIC)
  })
}

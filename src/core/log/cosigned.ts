import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { parseNote } from './note.ts'
import type { LogState } from './read-log.ts'

/** A checkpoint of this log with the signatures of those witnesses who cosigned that very one. */
export async function withCosignatures(app: App, checkpoint: string): Promise<string> {
  const known = await selectCosignatures(app)
  if (known.length === 0 || checkpoint === '') return checkpoint
  const { text } = parseNote(checkpoint)
  const same = known.filter((one) => parseNote(one.checkpoint).text === text)
  return checkpoint + same.map(({ lines }) => lines).join('')
}

/**
 * The checkpoint to prove an entry in: of those that were cosigned and have the entry the one with
 * the most cosignatures, then the newest; the published one when there is none. Clients that want
 * witnesses are served at any time, though the newest checkpoint is cosigned a second later.
 */
export async function checkpointToProve(
  app: App,
  { size, checkpoint }: LogState,
  index: number,
): Promise<string> {
  const known = await selectCosignatures(app)
  // After a change of keys, or of the log’s name, older ones would not be believed.
  const signers = checkpoint === '' ? '' : signersOf(checkpoint)
  const usable = known.filter(
    (one) => one.size > index && one.size <= size && signersOf(one.checkpoint) === signers,
  )
  const groups = [...Map.groupBy(usable, (one) => parseNote(one.checkpoint).text).values()]
  const [best = []] = groups.sort((a, b) => b.length - a.length)
  return `${best[0]?.checkpoint ?? checkpoint}${best.map(({ lines }) => lines).join('')}`
}

function signersOf(checkpoint: string): string {
  return parseNote(checkpoint)
    .signatures.map(({ name, keyId }) => `${name}+${keyId}`)
    .join(' ')
}

/** The newest checkpoint of this log that somebody cosigned, or the witness of that name. */
export async function readCosigned(app: App, name: string | undefined): Promise<string> {
  const known = await selectCosignatures(app)
  const newest = known.find((one) => name === undefined || one.name === name)
  if (newest) return await withCosignatures(app, newest.checkpoint)
  throw new RegistryError('not_found', 'no checkpoint was cosigned yet')
}

/** Those of witnesses that are still asked, the newest first. */
async function selectCosignatures({ database, settings }: App) {
  const keys = settings.logWitnesses.map(({ verifier }) => verifier.text)
  if (keys.length === 0) return []
  return await database.db
    .selectFrom('logCosignatures')
    .selectAll()
    .where('witness', 'in', keys)
    .orderBy('size', 'desc')
    .orderBy('witness')
    .execute()
}

import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { parseNote } from './note.ts'

/** A checkpoint of this log with the signatures of those witnesses who cosigned that very one. */
export async function withCosignatures(app: App, checkpoint: string): Promise<string> {
  const known = await selectCosignatures(app)
  if (known.length === 0 || checkpoint === '') return checkpoint
  const { text } = parseNote(checkpoint)
  const same = known.filter((one) => parseNote(one.checkpoint).text === text)
  return checkpoint + same.map(({ lines }) => lines).join('')
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

import type { App } from '#core/app.ts'
import { getReleaseEntry, type LogEntry } from './find-entry.ts'
import { formatProofFile } from './proof-file.ts'
import { proveEntry } from './prove.ts'

/** The `.tlog-proof` file of a release. The caller has checked that the package may be read. */
export async function proofFile(
  app: App,
  ecosystem: string,
  name: string,
  version: string,
): Promise<string> {
  return await proofFileOf(app, await getReleaseEntry(app, { ecosystem, name, version }))
}

/** The same for an entry that was found. */
export async function proofFileOf(app: App, { position, salt }: LogEntry): Promise<string> {
  const { index, proof, checkpoint } = await proveEntry(app, position)
  const extra = salt === null ? undefined : Buffer.from(salt, 'hex')
  return formatProofFile({ extra, index, proof, checkpoint })
}

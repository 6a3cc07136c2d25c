import type { Generated } from 'kysely'
import type { Millis } from '#core/db/columns.ts'
import type { LogEvent } from '#core/log/record.ts'

/** The transparency log. */
export interface LogTables {
  /** What the transparency log tells; its only truth. */
  logEntries: {
    seq: Generated<number>
    /** Index in the tree; null until the sequencer came by. */
    position: number | null
    event: LogEvent
    ecosystem: string
    /** packages.path, as it was. */
    name: string
    /** Empty when the event is about the whole package. */
    version: string
    digest: string
    /** Opens the commitment that stands in the log instead of a private package's event. */
    salt: string | null
    /** The leaf: one line. */
    record: string
    createdAt: Millis
  }
  /** Hashes of the tree, 256 to a row, in base64: made of the entries. */
  logTiles: { level: number; number: number; hashes: string }
  /** One row: the published tree, its two signed notes, and the keys that signed them. */
  logState: {
    id: number
    size: number
    checkpoint: string
    goTree: string
    /** As clients are given them, separated by spaces; the current one first. */
    verifierKeys: string
  }
  /** The newest checkpoint of this log that each witness cosigned. */
  logCosignatures: {
    /** Its verifier key, and the name in it. */
    witness: string
    name: string
    size: number
    /** As it was signed here. */
    checkpoint: string
    /** The witness' signature lines. */
    lines: string
  }
  /** Other logs as this registry, their witness, last signed them: never two that disagree. */
  witnessedLogs: {
    origin: string
    size: number
    /** Base64. */
    root: string
    /** With the signatures of both; empty before the first. */
    checkpoint: string
  }
}

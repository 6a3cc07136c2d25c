import { createHash, randomBytes } from 'node:crypto'

/** What is logged. */
export type LogEvent = 'publish' | 'yank' | 'unyank' | 'deprecate' | 'remove' | 'transfer'

/** An event as it is logged. */
export interface LogFacts {
  readonly event: LogEvent
  readonly ecosystem: string
  /** The whole name as its users write it: packages.path. */
  readonly name: string
  /** Missing or empty where the event is about the whole package. */
  readonly version?: string | null | undefined
  readonly digest?: string | null | undefined
}

/** C2SP's entry bundles have two bytes for an entry's length. */
const MAX_RECORD_BYTES = 65_535
const SALT_BYTES = 16

/**
 * The text of an entry, which is the leaf: one line of four fields,
 * `<ecosystem>/<name> <version> <event> <digest>`, '-' for what does not apply. Whatever is not
 * printable ASCII, and '%', is percent-encoded.
 */
export function recordText({ event, ecosystem, name, version, digest }: LogFacts): string {
  const fields = [`${ecosystem}/${field(name)}`, field(version), event, field(digest)]
  const text = `${fields.join(' ')}\n`
  if (text.length > MAX_RECORD_BYTES) throw new Error('a log entry is at most 65,535 bytes long')
  return text
}

/** A secret without which nobody can guess what a hidden entry is about. */
export function generateSalt(): string {
  return randomBytes(SALT_BYTES).toString('hex')
}

/**
 * The text of a private package's entry: a commitment to the text that it would be otherwise.
 * Whoever is given the salt can check it; to everybody else it says only that something happened.
 */
export function hiddenRecordText(salt: string, facts: LogFacts): string {
  const commitment = createHash('sha256')
    .update(`${salt}\n${recordText(facts)}`)
    .digest('hex')
  return `private ${commitment}\n`
}

function field(raw: string | null | undefined): string {
  if (raw === undefined || raw === null || raw === '') return '-'
  if (raw === '-') return '%2D'
  return raw.replace(/[^\x21-\x7e]|%/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}

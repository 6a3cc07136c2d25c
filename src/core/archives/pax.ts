import { decodeName, showName } from './archive-path.ts'
import { refuse } from './refusal.ts'
import type { TarHeader } from './tar-header.ts'

/** Extended headers hold a path and some times; far more than that is an attack. */
export const MAX_PAX_BYTES = 64 * 1024

/** Paths up to here need no pax header, so one that has another path for them is a trick. */
const MAX_PLAIN_BYTES = 100
/** Keys that say nothing about what the entry is, where it goes and how long it is. */
const HARMLESS =
  /^(?:[amc]time|[ug]id|[ug]name|comment|LIBARCHIVE\.(?:creationtime|xattr\..*)|SCHILY\.(?:dev|ino|nlink|fflags|xattr\..*|acl\..*))$/
const MAX_LENGTH_DIGITS = 6

/** What a pax header overrides. */
export interface PaxRecords {
  readonly path?: Uint8Array
  readonly size?: string
}

/** Reads the records of a pax header; refuses all but what is harmless or can be checked. */
export function parsePax(bytes: Uint8Array, file: string): PaxRecords {
  const records = new Map<string, Uint8Array>()
  let at = 0
  while (at < bytes.byteLength) {
    const record = bytes.subarray(at, at + recordLength(bytes.subarray(at), file))
    const space = record.indexOf(0x20)
    const equals = record.indexOf(0x3d)
    if (equals < space + 2 || record.at(-1) !== 0x0a) {
      refuse('pax-header', 'a pax record is malformed', file)
    }
    const key = decodeName(record.subarray(space + 1, equals))
    if (records.has(key)) refuse('pax-header', `the pax header has ${key} twice`, file)
    if (key.startsWith('GNU.sparse.')) refuse('sparse', 'sparse files are not allowed', file)
    if (key !== 'path' && key !== 'size' && !HARMLESS.test(key)) {
      refuse('pax-header', `the pax key ${JSON.stringify(key.slice(0, 100))} is not allowed`, file)
    }
    records.set(key, record.subarray(equals + 1, -1))
    at += record.byteLength
  }
  const path = records.get('path')
  const size = records.get('size')
  return { ...(path && { path }), ...(size && { size: showName(size) }) }
}

/**
 * The name an entry has by its header and its pax records. Readers that do not know pax must not be
 * led elsewhere: a pax path is taken only where a plain header could not hold it, a size never.
 */
export function paxName(header: TarHeader, records: PaxRecords): Uint8Array {
  const { path, size } = records
  const file = showName(path ?? header.name)
  if (size !== undefined && size !== String(header.size)) {
    refuse('pax-size', `the pax header says ${size.slice(0, 30)} bytes, the tar header not`, file)
  }
  if (!path || Buffer.from(path).equals(header.name)) return header.name
  const isPlain = path.byteLength <= MAX_PLAIN_BYTES && path.every((byte) => byte < 0x80)
  const plain = showName(header.name)
  if (isPlain || /^\/|\\|(?:^|\/)\.\.(?:\/|$)/.test(plain)) {
    refuse('pax-path', `the pax header renames ${JSON.stringify(plain)}`, file)
  }
  return path
}

/** The length that a record states for itself: digits, a space. */
function recordLength(bytes: Uint8Array, file: string): number {
  const start = Buffer.from(bytes.subarray(0, MAX_LENGTH_DIGITS + 1)).toString('latin1')
  const digits = /^([1-9][0-9]*) /.exec(start)?.[1]
  const length = Number(digits ?? 0)
  if (digits === undefined || length <= digits.length + 1 || length > bytes.byteLength) {
    refuse('pax-header', 'a pax record states a wrong length', file)
  }
  return length
}

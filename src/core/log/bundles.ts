import { LogError } from './note.ts'

/** Entries as C2SP tlog-tiles has them: two bytes of length, and the entry, each. */
export function entryBundle(records: readonly string[]): Uint8Array {
  return Buffer.concat(
    records.map((record) => {
      const bytes = Buffer.from(record)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(bytes.length)
      return Buffer.concat([length, bytes])
    }),
  )
}

/** Takes an entry bundle apart. */
export function parseEntryBundle(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = []
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength)
  for (let at = 0; at < bundle.length; ) {
    const start = at + 2
    const end = start <= bundle.length ? start + view.getUint16(at) : Number.POSITIVE_INFINITY
    if (end > bundle.length) throw new LogError('the entry bundle is cut off')
    entries.push(bundle.subarray(start, end))
    at = end
  }
  return entries
}

/** Records as Go's clients want them: each followed by an empty line. */
export function recordBundle(records: readonly string[]): Uint8Array {
  return Buffer.from(records.map((record) => `${record}\n`).join(''))
}

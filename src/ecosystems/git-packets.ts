import { RegistryError } from '#core/errors.ts'

/** What stands between lines: the end of a request or list, and the end of a part of one. */
export type Mark = 'flush' | 'delimiter'

const MARKS: Readonly<Record<string, Mark>> = { '0000': 'flush', '0001': 'delimiter' }
const LENGTH_CHARS = 4

/** Git's pkt-line: four hexadecimal digits of length, themselves included, and the text. */
export function packet(text: string): string {
  const length = Buffer.byteLength(text) + LENGTH_CHARS
  return length.toString(16).padStart(LENGTH_CHARS, '0') + text
}

export const FLUSH = '0000'

/**
 * The lines of a request, without their ends of line, and the marks between them, up to the first
 * flush. Throws `invalid_request` for bytes that are no pkt-lines.
 */
export function readPackets(body: Uint8Array): Array<string | { readonly mark: Mark }> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const found: Array<string | { mark: Mark }> = []
  let at = 0
  while (at < bytes.length) {
    const head = bytes.toString('latin1', at, at + LENGTH_CHARS)
    at += LENGTH_CHARS
    const mark = MARKS[head]
    if (mark) {
      found.push({ mark })
      if (mark === 'flush') return found
      continue
    }
    const length = /^[0-9a-fA-F]{4}$/.test(head) ? Number.parseInt(head, 16) - LENGTH_CHARS : -1
    if (length < 0 || at + length > bytes.length) throw malformed()
    found.push(bytes.toString('utf8', at, at + length).replace(/\n$/, ''))
    at += length
  }
  return found
}

function malformed(): RegistryError {
  return new RegistryError('invalid_request', 'the body is not a git request: bad pkt-lines')
}

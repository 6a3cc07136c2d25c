import type { ByteRange } from '#core/blobs/store.ts'
import { RegistryError } from '#core/errors.ts'

/**
 * The bytes that a Range header asks for (RFC 9110 §14.2). Nothing for no header, another unit or
 * several ranges: then the whole is sent. Throws `range_invalid` for a range outside the size.
 */
export function parseRange(header: string | null, size: number): ByteRange | undefined {
  if (header === null || header.includes(',')) return undefined
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim())
  if (!match) return header.trim().startsWith('bytes=') ? unsatisfiable(header, size) : undefined
  const [, first = '', last = ''] = match
  if (first === '') {
    const count = Number(last)
    if (last === '' || count === 0 || size === 0) return unsatisfiable(header, size)
    return { start: Math.max(0, size - count), end: size }
  }
  const start = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (start >= size || end <= start) return unsatisfiable(header, size)
  return { start, end }
}

function unsatisfiable(header: string, size: number): never {
  throw new RegistryError('range_invalid', `${header.slice(0, 100)} is outside of ${size} bytes`, {
    details: { size },
  })
}

import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** How an answer may be packed; most wanted first. */
export const ENCODINGS = ['br', 'gzip'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** Below this the saving is not worth a header. */
const MIN_BYTES = 1024
/** Text of ours. Never manifests and blobs: their bytes are what their digest says. */
const TEXT_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'application/problem+json',
  'application/openapi+json',
  'application/vnd.osv+json',
  'text/html',
  'text/plain',
  'text/css',
  'text/javascript',
  'image/svg+xml',
])
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }

const gzipAsync = promisify<Uint8Array, Uint8Array>(gzip)
const brotliAsync = promisify<Uint8Array, typeof BROTLI, Uint8Array>(brotliCompress)

/** Whether an answer with these headers and so many bytes is better sent packed. */
export function isCompressible(headers: Headers, bytes: number): boolean {
  if (bytes <= MIN_BYTES || !isText(headers) || headers.has('content-encoding')) return false
  return !/no-transform/.test(headers.get('cache-control') ?? '')
}

/** Whether these headers announce text that may be read whole. */
export function isText(headers: Headers): boolean {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  return TEXT_TYPES.has(type) && !headers.has('docker-content-digest')
}

/** The best packing that Accept-Encoding allows. */
export function acceptedEncoding(accept: string | null): Encoding | undefined {
  if (accept === null || accept === '') return undefined
  const weights = new Map<string, number>()
  for (const one of accept.toLowerCase().split(',').slice(0, 20)) {
    const [name = '', ...parameters] = one.split(';').map((part) => part.trim())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(name, q === undefined ? 1 : Number(q.slice(2)))
  }
  const weightOf = (encoding: Encoding) => weights.get(encoding) ?? weights.get('*') ?? 0
  let best: Encoding | undefined
  for (const encoding of ENCODINGS) {
    if (weightOf(encoding) > (best === undefined ? 0 : weightOf(best))) best = encoding
  }
  return best
}

/** Packs bytes, off the event loop. */
export function compress(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array> {
  return encoding === 'br' ? brotliAsync(bytes, BROTLI) : gzipAsync(bytes)
}

/** Makes headers of an unpacked answer those of its packed form: another ETag, another length. */
export function packedHeaders(headers: Headers, encoding: Encoding): Headers {
  const packed = new Headers(headers)
  packed.set('content-encoding', encoding)
  packed.delete('content-length')
  const etag = headers.get('etag')
  if (etag !== null) packed.set('etag', etag.replace(/"$/, `-${encoding}"`))
  return packed
}

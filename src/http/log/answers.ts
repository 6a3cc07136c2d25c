import { RegistryError } from '#core/errors.ts'
import { LOG_TOPIC } from '#core/log/read-log.ts'
import type { HotAnswer } from '#ecosystems/hot-answer.ts'

/** What never changes, for ever. */
export const IMMUTABLE = 'public, max-age=31536000, immutable'

export const TEXT = 'text/plain; charset=utf-8'

/** An answer that never changes. */
export function immutableAnswer(contentType: string, body: Uint8Array): HotAnswer {
  const headers = { 'content-type': contentType, 'cache-control': IMMUTABLE }
  return { topics: [], headers, body, isPublic: true }
}

/** An answer that is right until the log grows. */
export function freshAnswer(contentType: string, body: string): HotAnswer {
  const headers = { 'content-type': contentType, 'cache-control': 'public, max-age=1' }
  return { topics: [LOG_TOPIC], headers, body: Buffer.from(body), isPublic: true }
}

/** A whole number in a query. */
export function numberOf(raw: string | undefined, name: string): number {
  if (raw !== undefined && /^(0|[1-9]\d{0,14})$/.test(raw)) return Number(raw)
  throw new RegistryError('invalid_request', `${name} is a whole number`)
}

/** Hashes as JSON has them. */
export function base64All(hashes: readonly Uint8Array[]): string[] {
  return hashes.map((hash) => Buffer.from(hash).toString('base64'))
}

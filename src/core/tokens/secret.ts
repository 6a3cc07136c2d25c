import { createHash, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

const PREFIX = 'ent_'
const RANDOM_CHARS = 40
const CHECKSUM_CHARS = 6
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_CHARS + CHECKSUM_CHARS}}$`)

/**
 * A new secret: a prefix that scanners find, 238 random bits, and a checksum that tells a secret
 * from a typing error without asking the database.
 */
export function generateSecret(): string {
  const random = Array.from({ length: RANDOM_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)])
  const body = random.join('')
  return `${PREFIX}${body}${checksum(body)}`
}

/** Whether this could be one of our secrets at all. */
export function isWellFormed(secret: string): boolean {
  if (!SHAPE.test(secret)) return false
  const end = PREFIX.length + RANDOM_CHARS
  return checksum(secret.slice(PREFIX.length, end)) === secret.slice(end)
}

/** What is stored instead of the secret. Plain SHA-256: nobody can guess 238 bits. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function checksum(body: string): string {
  let rest = crc32(body)
  let text = ''
  for (let i = 0; i < CHECKSUM_CHARS; i++) {
    text = `${ALPHABET[rest % ALPHABET.length]}${text}`
    rest = Math.floor(rest / ALPHABET.length)
  }
  return text
}

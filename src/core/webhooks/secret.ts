import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { RegistryError } from '#core/errors.ts'

const PREFIX = 'whsec_'
/** Standard Webhooks: 24 to 64 random bytes. */
const NEW_BYTES = 32
const MIN_BYTES = 24
const MAX_BYTES = 64

const SEALED = 'aes-256-gcm:'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A new secret, as Standard Webhooks writes it. */
export function generateWebhookSecret(): string {
  return `${PREFIX}${randomBytes(NEW_BYTES).toString('base64')}`
}

/** A secret that somebody brings; throws `invalid_request`. */
export function parseWebhookSecret(raw: string): string {
  const bytes = keyOf(raw)
  const isRight = raw.startsWith(PREFIX) && bytes.toString('base64') === raw.slice(PREFIX.length)
  if (isRight && bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES) return raw
  const message = `a secret is ${PREFIX} and ${MIN_BYTES} to ${MAX_BYTES} random bytes in base64`
  throw new RegistryError('invalid_request', message)
}

/** What is signed: who receives it knows what was sent, and when. */
export interface Signed {
  readonly id: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly body: string
}

/** The header `webhook-signature` (Standard Webhooks): one signature per secret. */
export function signatures(secrets: readonly string[], { id, timestamp, body }: Signed): string {
  const text = `${id}.${timestamp}.${body}`
  const sign = (secret: string) => createHmac('sha256', keyOf(secret)).update(text).digest('base64')
  return secrets.map((secret) => `v1,${sign(secret)}`).join(' ')
}

/** A secret as it is stored: encrypted with the first key, or as it is when there is none. */
export function seal(keys: readonly Uint8Array[], secret: string): string {
  const [key] = keys
  if (key === undefined) return secret
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return `${SEALED}${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')}`
}

/** The secret again; throws when none of the keys made it. */
export function unseal(keys: readonly Uint8Array[], stored: string): string {
  if (!stored.startsWith(SEALED)) return stored
  const bytes = Buffer.from(stored.slice(SEALED.length), 'base64')
  for (const key of keys) {
    try {
      return decrypt(key, bytes)
    } catch {
      // Another key made it.
    }
  }
  throw new Error('the secret was encrypted with a key that is not set any more: give a new secret')
}

function decrypt(key: Uint8Array, bytes: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES))
  return Buffer.concat([text, decipher.final()]).toString('utf8')
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64')
}

import { createHash } from 'node:crypto'
import { RegistryError } from '#core/errors.ts'

const HEX_LENGTH = { sha256: 64, sha512: 128 } as const

export type DigestAlgorithm = keyof typeof HEX_LENGTH

/** Parses `algorithm:hex`; throws `digest_invalid` for anything but sha256 and sha512 in lower-case hex. */
export function parseDigest(raw: string): { algorithm: DigestAlgorithm; hex: string } {
  const match = /^(sha256|sha512):([0-9a-f]+)$/.exec(raw)
  const algorithm = match?.[1] as DigestAlgorithm | undefined
  const hex = match?.[2]
  if (!algorithm || !hex || hex.length !== HEX_LENGTH[algorithm]) {
    throw new RegistryError('digest_invalid', `not a sha256 or sha512 digest: ${raw.slice(0, 150)}`)
  }
  return { algorithm, hex }
}

/** True for text that `parseDigest` accepts. */
export function isDigest(raw: string): boolean {
  return /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(raw)
}

/** The digest of bytes at hand. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

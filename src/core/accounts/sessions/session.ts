import type { Row } from '#core/db/schema.ts'

/** Somebody signed in somewhere: everything but the secret. */
export interface Session {
  readonly id: number
  /** The client as it named itself, and the address that it came from. */
  readonly device: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly lastUsedAt?: number
}

/** The session in a row. */
export function toSession({ id, name, createdAt, expiresAt, lastUsedAt }: Row<'tokens'>): Session {
  return {
    id,
    device: name,
    createdAt,
    expiresAt: expiresAt ?? createdAt,
    ...(lastUsedAt !== null && { lastUsedAt }),
  }
}

import type { Role, Row } from '#core/db/schema.ts'

/** A role that waits for somebody to sign in with an address. */
export interface Invitation {
  /** Lower-cased. */
  readonly email: string
  readonly role: Role
  /** As audit lines name them. */
  readonly invitedBy: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number
}

/** The invitation in a row. */
export function toInvitation(row: Omit<Row<'invitations'>, 'id' | 'namespaceId'>): Invitation {
  const { emailKey, role, invitedBy, createdAt, expiresAt } = row
  return { email: emailKey, role, invitedBy, createdAt, expiresAt }
}

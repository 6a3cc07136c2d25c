import type { Generated } from 'kysely'
import type { Flag, Json, Millis, Role } from '#core/db/columns.ts'

/** Who may do what: accounts, namespaces, credentials. */
export interface PeopleTables {
  users: {
    id: Generated<number>
    name: string
    key: string
    email: string
    /** The address in the spelling that signs in; empty when an older account has it. */
    emailKey: Generated<string>
    isOperator: Flag
    createdAt: Millis
    disabledAt: Millis | null
  }
  namespaces: {
    id: Generated<number>
    name: string
    key: string
    status: 'active' | 'terminating'
    /** Quotas; null is unlimited. */
    maxBytes: number | null
    maxPackages: number | null
    maxProjects: number | null
    /** Sum of the sizes of the distinct blobs its packages link to; kept by core/blobs/link.ts. */
    usedBytes: number
    /** Set by the namespace's own people. */
    consumerLabels: Json
    /** Set by operators only. */
    providerLabels: Json
    createdAt: Millis
  }
  members: {
    namespaceId: number
    userId: number
    role: Role
    createdAt: Millis
    /** The address under which an admin made them a member, lower-cased; that much admins know. */
    invitedEmail: string | null
  }
  /** Roles that wait for somebody to sign in with an address. */
  invitations: {
    id: Generated<number>
    namespaceId: number
    /** See core/accounts/email.ts. */
    emailKey: string
    role: Role
    /** As audit lines name them. */
    invitedBy: string
    createdAt: Millis
    expiresAt: Millis
  }
  projects: {
    id: Generated<number>
    namespaceId: number
    /** One or more path parts joined by '/'. */
    name: string
    consumerLabels: Json
    providerLabels: Json
    createdAt: Millis
  }
  tokens: {
    id: Generated<number>
    name: string
    /** A session was made by signing in. */
    kind: Generated<'token' | 'session'>
    /** Owner: a user, or (a robot) a namespace with a role in it. */
    userId: number | null
    namespaceId: number | null
    role: Role | null
    /** SHA-256 of the secret, hex. */
    hash: string
    /** Comma-separated, sorted. */
    scopes: string
    /** JSON array of namespace ids it is limited to, or null. */
    onlyNamespaces: Json | null
    /** JSON array of package ids it is limited to, or null. */
    onlyPackages: Json | null
    createdAt: Millis
    createdBy: string
    expiresAt: Millis | null
    lastUsedAt: Millis | null
    revokedAt: Millis | null
  }
  /** Tries to sign in by e-mail; see core/accounts/sign-in. Secrets are SHA-256, hex. */
  signIns: {
    id: Generated<number>
    /** Proved by a link in the mail, or by a code that is typed where the sign-in began. */
    flow: 'link' | 'code'
    email: string
    /** Of the secret of whoever began it: with it the session is fetched. */
    fetchHash: string
    /** Of what the mail holds. */
    proofHash: string
    state: 'pending' | 'confirmed' | 'used' | 'dead'
    /** Wrong codes so far. */
    tries: number
    /** Set when a link was confirmed. */
    userId: number | null
    /** Where it began. */
    address: string
    userAgent: string
    createdAt: Millis
    expiresAt: Millis
  }
  /** From where users signed in before: SHA-256 of address block and user agent. */
  signInDevices: { userId: number; device: string; lastSeenAt: Millis }
}

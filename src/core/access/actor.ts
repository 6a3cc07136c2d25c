import type { Role } from '#core/db/schema.ts'

export type Scope = 'read' | 'publish' | 'admin'
export const SCOPES: readonly Scope[] = ['admin', 'publish', 'read']

/** Who a credential stands for and what it allows: what is remembered between requests. */
export interface Identity {
  readonly kind: 'anonymous' | 'user' | 'robot' | 'system'
  /** As audit lines name them: 'user:ann', 'robot:acme/ci', 'anonymous', 'system:cli'. */
  readonly name: string
  readonly userId?: number
  /** As audit lines name the credential: 'token:12', or empty. */
  readonly credential: string
  /** Set when the credential was made by signing in: it stands for its user, not for a purpose. */
  readonly isSession?: boolean
  readonly isOperator: boolean
  readonly scopes: ReadonlySet<Scope>
  /** What the owner of the credential may do now, per namespace and package. */
  readonly roles: ReadonlyMap<number, Role>
  readonly packageRoles: ReadonlyMap<number, Role>
  /** When set, the credential is good for these only. */
  readonly onlyNamespaces?: ReadonlySet<number>
  readonly onlyPackages?: ReadonlySet<number>
  /** When set, a derived credential (OCI bearer token) that allows only these actions by package path. */
  readonly grants?: ReadonlyMap<string, ReadonlySet<string>>
  /** Cache topics that end this identity's truth. */
  readonly topics: readonly string[]
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
}

/** Somebody asking, in one request. */
export interface Actor extends Identity {
  /** Network address the request came from; empty for local commands. */
  readonly address: string
  readonly requestId: string
}

const NONE: ReadonlyMap<number, Role> = new Map()

/** Nobody in particular: may read what is public. */
export const ANONYMOUS: Identity = {
  kind: 'anonymous',
  name: 'anonymous',
  credential: '',
  isOperator: false,
  scopes: new Set(['read']),
  roles: NONE,
  packageRoles: NONE,
  topics: [],
}

/** The operator at the machine itself (command line) or the registry's own jobs: may do everything. */
export function systemActor(what: 'cli' | 'job'): Actor {
  return {
    ...ANONYMOUS,
    kind: 'system',
    name: `system:${what}`,
    isOperator: true,
    scopes: new Set(SCOPES),
    address: '',
    requestId: '',
  }
}

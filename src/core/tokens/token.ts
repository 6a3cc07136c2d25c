import { SCOPES, type Scope } from '#core/access/actor.ts'
import type { Db, Role, Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'

/** Whose token: a user's, or a robot's, which belongs to a namespace and has a role in it. */
export type TokenOwner =
  | { readonly user: string }
  | { readonly namespace: string; readonly role: Role }

/** A token as its owner sees it: everything but the secret. */
export interface Token {
  readonly id: number
  readonly name: string
  readonly owner: TokenOwner
  readonly scopes: readonly Scope[]
  /** Ids it is limited to; missing means no limit. */
  readonly onlyNamespaces?: readonly number[]
  readonly onlyPackages?: readonly number[]
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt?: number
  readonly lastUsedAt?: number
}

interface TokenRow extends Row<'tokens'> {
  readonly userName: string | null
  readonly namespaceName: string | null
}

/** Tokens with the names of their owners. */
export function selectTokens(db: Db) {
  return db
    .selectFrom('tokens')
    .leftJoin('users', 'users.id', 'tokens.userId')
    .leftJoin('namespaces', 'namespaces.id', 'tokens.namespaceId')
    .selectAll('tokens')
    .select(['users.name as userName', 'namespaces.name as namespaceName'])
}

/** The token in a row. */
export function toToken(row: TokenRow): Token {
  return {
    id: row.id,
    name: row.name,
    owner: ownerOf(row),
    scopes: parseScopes(row.scopes),
    ...(row.onlyNamespaces !== null && { onlyNamespaces: parseIds(row.onlyNamespaces) }),
    ...(row.onlyPackages !== null && { onlyPackages: parseIds(row.onlyPackages) }),
    createdAt: row.createdAt,
    createdBy: row.createdBy,
    ...(row.expiresAt !== null && { expiresAt: row.expiresAt }),
    ...(row.lastUsedAt !== null && { lastUsedAt: row.lastUsedAt }),
  }
}

/** Reads 'read,publish'; throws `invalid_request` for what is no scope, or none at all. */
export function parseScopes(raw: string): Scope[] {
  const names = new Set(raw.split(',').map((name) => name.trim()))
  const scopes = SCOPES.filter((scope) => names.has(scope))
  if (scopes.length === 0 || scopes.length < names.size) {
    throw new RegistryError('invalid_request', `scopes are one or more of ${SCOPES.join(', ')}`)
  }
  return scopes
}

/** What is thrown for a token that is not there, or that the asker may not know of. */
export function tokenUnknown(): RegistryError {
  return new RegistryError('token_unknown', 'there is no such token')
}

/** The ids in a JSON column of a token. */
export function parseIds(json: string): number[] {
  const ids: unknown = JSON.parse(json)
  if (!Array.isArray(ids)) throw new Error('a list of ids was expected')
  return ids.map(Number)
}

function ownerOf({ userName, namespaceName, role }: TokenRow): TokenOwner {
  if (userName !== null) return { user: userName }
  if (namespaceName === null || role === null) throw new Error('a token without an owner')
  return { namespace: namespaceName, role }
}

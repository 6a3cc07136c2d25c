import type { Context } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { Package, PackageRef } from '#core/packages/package.ts'
import type { Env } from '#ecosystems/contract.ts'
import { packageRef } from './name.ts'

/** What a client may ask to do with a repository (distribution, "token scope"). */
export type OciAction = 'pull' | 'push' | 'delete'

/** A request to one repository: whose, and what for. */
export interface OciRequest {
  readonly c: Context<Env>
  /** Repository name as written. */
  readonly name: string
  /** Digest, tag or upload id: whatever follows the name. */
  readonly reference: string
  readonly package: PackageRef
  readonly query: URLSearchParams
}

/** Reads name and reference from the path's matched parts; throws `name_invalid`. */
export function ociRequest(c: Context<Env>, name: string, reference: string): OciRequest {
  return {
    c,
    name,
    reference: decode(reference),
    package: packageRef(name),
    query: new URL(c.req.url).searchParams,
  }
}

/** Throws `scope_missing` when the credential was issued for less (the client then asks for more). */
export function requireGrant(request: OciRequest, action: OciAction): void {
  if (isGranted(request.c, request.name, action)) return
  throw new RegistryError('scope_missing', `the token was not issued to ${action} ${request.name}`)
}

/** Whether a credential limited to certain repositories allows this; others are not limited so. */
export function isGranted(c: Context<Env>, name: string, action: OciAction): boolean {
  const { grants } = c.var.actor
  return grants === undefined || grants.get(name)?.has(action) === true
}

/** Headers of every answer. */
export const COMMON_HEADERS = { 'docker-distribution-api-version': 'registry/2.0' } as const

/** Who may keep an answer: shared caches only what anybody may see. */
export function cacheScope(from: Package): 'public' | 'private' {
  return from.visibility
}

/** `n` and `last` of a list; throws for what is no count. */
export function pageOf(
  query: URLSearchParams,
  maxLimit: number,
): { limit: number; after?: string } {
  const raw = query.get('n')
  const after = query.get('last')
  if (raw !== null && !/^\d{1,9}$/.test(raw)) {
    throw new RegistryError('invalid_request', `n is not a count: ${raw.slice(0, 50)}`)
  }
  const limit = raw === null ? maxLimit : Math.min(Number(raw), maxLimit)
  return after === null ? { limit } : { limit, after }
}

/** A Link header to the next page (RFC 5988), relative to this host. */
export function nextLink(c: Context<Env>, parameters: Record<string, string>): string {
  const url = new URL(c.req.url)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return `<${url.pathname}${url.search}>; rel="next"`
}

function decode(raw: string): string {
  try {
    return decodeURIComponent(raw)
  } catch (error) {
    throw new RegistryError('name_invalid', 'the path is not properly encoded', { cause: error })
  }
}

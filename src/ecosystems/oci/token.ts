import type { Context } from 'hono'
import type { Actor } from '#core/access/actor.ts'
import { type Action, can } from '#core/access/can.ts'
import { authenticate } from '#core/accounts/authenticate.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { findNamespace } from '#core/namespaces/find-namespace.ts'
import { findPackage, type PackageRef, resourceOf } from '#core/packages/package.ts'
import { findRefresh, issueGrant, issueRefresh } from '#core/tokens/grant.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { packageRef } from './name.ts'
import type { OciAction } from './request.ts'
import { formatScope, parseScope } from './scope.ts'

const GRANT_SECONDS = 300
const MAX_SCOPES = 50
const MAX_FORM_BYTES = 64 * 1024
const ACTION: Record<OciAction, Action> = { pull: 'read', push: 'publish', delete: 'delete' }

/** GET /token: what the shown credential (or nobody) may do of what is asked for. */
export async function tokenByGet(c: Context<Env>): Promise<Response> {
  const query = new URL(c.req.url).searchParams
  return answer(c, c.var.actor, {
    scopes: query.getAll('scope').flatMap((scope) => scope.split(' ')),
    isOffline: query.get('offline_token') === 'true',
  })
}

/** POST /token: the OAuth 2 form, with a password or a refresh token . */
export async function tokenByPost(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const form = new URLSearchParams(
    new TextDecoder().decode(await readBody(c.req.raw, MAX_FORM_BYTES)),
  )
  const scopes = (form.get('scope') ?? '').split(' ')
  const { address, requestId } = actor
  const type = form.get('grant_type')
  if (type === 'password') {
    const shown = { userName: form.get('username') ?? '', secret: form.get('password') ?? '' }
    const owner = await authenticate(app, shown, { address, requestId })
    return answer(c, owner, { scopes, isOffline: form.get('access_type') === 'offline' })
  }
  if (type === 'refresh_token') {
    const secret = form.get('refresh_token') ?? ''
    // A token of ours does as well: it is what people put there by hand.
    const known = await findRefresh(app, secret)
    const owner = known
      ? { ...known, address, requestId }
      : await authenticate(app, { secret }, { address, requestId })
    return answer(c, owner, { scopes, isOffline: true })
  }
  throw new RegistryError('invalid_request', 'grant_type must be password or refresh_token')
}

interface Asked {
  readonly scopes: readonly string[]
  /** Whether the client wants a credential to come back with. */
  readonly isOffline: boolean
}

async function answer(c: Context<Env>, actor: Actor, asked: Asked): Promise<Response> {
  const { app } = c.var
  // A grant cannot make another one: it would outlive and outgrow itself.
  if (actor.grants) throw new RegistryError('credential_invalid', 'show your token, not a grant')
  if (asked.scopes.length > MAX_SCOPES) {
    throw new RegistryError('uri_too_long', `at most ${MAX_SCOPES} scopes at once`)
  }
  const grants = new Map<string, Set<string>>()
  for (const raw of asked.scopes) {
    const scope = parseScope(raw)
    if (!scope) continue
    const granted = grants.get(scope.name) ?? new Set<string>()
    for (const action of await allowed(app, actor, scope)) granted.add(action)
    grants.set(scope.name, granted)
  }
  const token = await issueGrant(app, actor, grants, GRANT_SECONDS)
  const isRefreshable = asked.isOffline && actor.kind !== 'anonymous'
  const body = {
    token,
    access_token: token,
    scope: [...grants].map(([name, actions]) => formatScope(name, actions)).join(' '),
    expires_in: GRANT_SECONDS,
    issued_at: app.clock().toISOString(),
    ...(isRefreshable && { refresh_token: await issueRefresh(app, actor) }),
  }
  return new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
}

/** Of the actions asked for, those the actor may do now; asking for more is no error. */
async function allowed(
  app: App,
  actor: Actor,
  scope: { name: string; actions: ReadonlySet<OciAction> },
): Promise<OciAction[]> {
  let ref: PackageRef
  try {
    ref = packageRef(scope.name)
  } catch {
    return []
  }
  const found = await findPackage(app, ref)
  const namespace = found ? undefined : await findNamespace(app.database.db, ref.namespace)
  const resource = found ? resourceOf(found) : namespace && { namespaceId: namespace.id }
  return [...scope.actions].filter((action) => {
    // Always: the pull itself answers for a hidden name as for one that does not exist.
    if (action === 'pull') return true
    // The push itself says how to create the namespace; no client shows what a challenge says.
    if (!resource) return action === 'push' && actor.kind !== 'anonymous'
    return can(actor, ACTION[action], resource)
  })
}

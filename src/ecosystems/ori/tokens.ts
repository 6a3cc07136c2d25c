import type { Context } from 'hono'
import { z } from 'zod'
import { type Actor, SCOPES } from '#core/access/actor.ts'
import { authorizeUser } from '#core/access/can.ts'
import { listRoles } from '#core/access/list-roles.ts'
import { RegistryError } from '#core/errors.ts'
import { createToken } from '#core/tokens/create-token.ts'
import { limitIds } from '#core/tokens/limit-names.ts'
import { listTokens } from '#core/tokens/list-tokens.ts'
import { revokeToken } from '#core/tokens/revoke-token.ts'
import type { Token } from '#core/tokens/token.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson, time } from './answers.ts'
import { packageRef } from './name.ts'
import { readJson } from './request.ts'

const MAX_TOKENS = 1000
const list = z.array(z.string().min(1).max(128)).min(1).max(100)
const tokenBody = z.strictObject({
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)).min(1),
  expires_at: z.iso.datetime({ offset: true }).optional(),
  /** Limits it to scopes of packages (`acme`) or to packages (`@acme/json`). */
  only_scopes: list.optional(),
  only_packages: list.optional(),
})

/** POST /v1/login: what the shown token is worth, for a client that was given it just now. */
export async function login(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'show the token as Authorization: Bearer')
  }
  const roles = await listRoles(app, actor)
  return sendJson({
    user: actor.name.slice(actor.name.indexOf(':') + 1),
    kind: actor.kind,
    scopes: [...actor.scopes].sort(),
    expires_at: actor.expiresAt === undefined ? null : time(actor.expiresAt),
    roles: roles.map(({ namespace, role }) => ({ scope: namespace, role })),
  })
}

/** GET /v1/tokens: the caller's own, without their secrets. */
export async function readTokens(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const { items } = await listTokens(app, actor, { user: ownName(actor) }, { limit: MAX_TOKENS })
  return sendJson({ tokens: items.map(view) })
}

/** POST /v1/tokens: the secret is in this answer and nowhere else. */
export async function writeToken(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const asked = await readJson(c, tokenBody)
  const { name, scopes, expires_at: expires, only_scopes, only_packages } = asked
  const limits = await limitIds(app, actor, {
    ...(only_scopes && { namespaces: only_scopes.map((scope) => scope.replace(/^@/, '')) }),
    ...(only_packages && { packages: only_packages.map(packageRef) }),
  })
  const { token, secret } = await createToken(
    app,
    actor,
    { user: ownName(actor) },
    {
      name,
      scopes,
      ...limits,
      ...(expires !== undefined && { expiresAt: Date.parse(expires) }),
    },
  )
  return sendJson({ ...view(token), token: secret }, 201)
}

/** DELETE /v1/tokens/{id}. */
export async function deleteToken(c: Context<Env>): Promise<Response> {
  await revokeToken(c.var.app, c.var.actor, Number(c.req.param('id')))
  return sendJson({ revoked: true })
}

/** Only users have tokens of their own. */
function ownName(actor: Actor): string {
  authorizeUser(actor, 'admin')
  return actor.name.slice('user:'.length)
}

function view({ id, name, scopes, createdAt, expiresAt, lastUsedAt }: Token) {
  return {
    id,
    name,
    scopes,
    created_at: time(createdAt),
    expires_at: expiresAt === undefined ? null : time(expiresAt),
    last_used_at: lastUsedAt === undefined ? null : time(lastUsedAt),
  }
}

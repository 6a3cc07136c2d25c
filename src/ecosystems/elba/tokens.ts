import type { Context } from 'hono'
import { type Actor, SCOPES } from '#core/access/actor.ts'
import { authorizeUser } from '#core/access/can.ts'
import { MAX_PAGE_LIMIT } from '#core/page.ts'
import { createToken } from '#core/tokens/create-token.ts'
import { listTokens } from '#core/tokens/list-tokens.ts'
import { revokeToken } from '#core/tokens/revoke-token.ts'
import type { Token } from '#core/tokens/token.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson, time } from './answers.ts'

/** What the old registry's tokens were good for: everything but other tokens and other people. */
const SCOPES_OF_NEW: ReadonlySet<string> = new Set(['publish', 'read'])
const NAME_OF_NEW = 'elba'

/** GET /api/v1/users/tokens: the caller's own, without their secrets. */
export async function readTokens(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const owner = { user: ownName(actor) }
  const { items } = await listTokens(app, actor, owner, { limit: MAX_PAGE_LIMIT })
  return sendJson({ tokens: items.map((token) => view(token)) })
}

/** PUT /api/v1/users/tokens/create: the secret is in this answer and nowhere else. */
export async function writeToken(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const owner = { user: ownName(actor) }
  const scopes = SCOPES.filter((scope) => SCOPES_OF_NEW.has(scope))
  const made = await createToken(app, actor, owner, { name: NAME_OF_NEW, scopes })
  return sendJson({ token: view(made.token, made.secret) })
}

/** DELETE /api/v1/users/tokens/{id}. */
export async function deleteToken(c: Context<Env>): Promise<Response> {
  const raw = c.req.param('id') ?? ''
  const id = /^[1-9]\d{0,14}$/.test(raw) ? Number(raw) : -1
  await revokeToken(c.var.app, c.var.actor, id)
  return sendJson({})
}

/** Only users have tokens of their own. */
function ownName(actor: Actor): string {
  authorizeUser(actor, 'admin')
  return actor.name.slice('user:'.length)
}

/** No part of a secret is kept, so that only a new one can be shown in part. */
function view({ id, createdAt }: Token, secret?: string) {
  return {
    id,
    token: secret ?? null,
    token_partial: `ent_....${secret?.slice(-4) ?? ''}`,
    created_at: time(createdAt),
  }
}

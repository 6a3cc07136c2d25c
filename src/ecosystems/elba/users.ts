import type { Context } from 'hono'
import { z } from 'zod'
import type { Actor } from '#core/access/actor.ts'
import { authenticate } from '#core/accounts/authenticate.ts'
import { findUserById } from '#core/accounts/find-user-by-id.ts'
import { signOut } from '#core/accounts/sessions/revoke-session.ts'
import { RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson } from './answers.ts'
import {
  cookieOf,
  endSession,
  refuseOtherSites,
  setSession,
  statedCredential,
} from './credential.ts'
import { queryOf, readJson } from './request.ts'
import { userView } from './version-view.ts'

const loginBody = z.object({ token: z.string().min(1).max(1000).optional() })

/**
 * GET or POST /api/v1/users/login: a token, or a session that was made by e-mail, becomes the cookie of
 * a web page's session. By query, body or Bearer.
 */
export async function login(c: Context<Env>): Promise<Response> {
  refuseOtherSites(c)
  if (queryOf(c, 'gh_access_token') !== null) throw noGitHub()
  const { secret, actor } = await shownForLogin(c)
  if (actor.userId === undefined) {
    throw new RegistryError('forbidden', 'only users have sessions, not robots')
  }
  const headers = new Headers()
  setSession(c, headers, secret)
  return sendJson({}, headers)
}

/** GET /api/v1/users/login/oauth and its callback. */
export function refuseOAuth(): Response {
  throw noGitHub()
}

/** GET or POST /api/v1/users/logout. A session ends everywhere; a token that was used as one stays good. */
export async function logout(c: Context<Env>): Promise<Response> {
  refuseOtherSites(c)
  const { app, actor } = c.var
  if (actor.isSession && cookieOf(c.req.raw) !== undefined) await signOut(app, actor)
  const headers = new Headers()
  endSession(c, headers)
  return sendJson({}, headers)
}

/** GET /api/v1/users/metadata: who asks; null for nobody. */
export async function readSelf(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  if (actor.userId === undefined) return sendJson({ user: null })
  const user = await findUserById(app.database.db, actor.userId)
  return sendJson({ user: user ? userView(user, user.email) : null })
}

/** GET /api/v1/users/{id}/metadata. */
export async function readUser(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const raw = c.req.param('id') ?? ''
  const id = /^[1-9]\d{0,14}$/.test(raw) ? Number(raw) : -1
  const user = await findUserById(app.database.db, id)
  if (!user) throw new RegistryError('user_unknown', `there is no user ${raw.slice(0, 20)}`)
  return sendJson({ user: userView(user, user.id === actor.userId ? user.email : '') })
}

async function shownForLogin(c: Context<Env>): Promise<{ secret: string; actor: Actor }> {
  const { app, actor } = c.var
  const stated = statedCredential(c.req.raw)
  // Who answered was found out with it.
  if (stated) return { secret: stated.secret, actor }
  const { token } = c.req.method === 'POST' ? await readJson(c, loginBody) : {}
  if (token === undefined) {
    throw new RegistryError(
      'invalid_request',
      'token is needed: in the query, in a JSON body, or as Authorization: Bearer',
    )
  }
  const { address, requestId } = actor
  return {
    secret: token,
    actor: await authenticate(app, { secret: token }, { address, requestId }),
  }
}

function noGitHub(): RegistryError {
  return new RegistryError(
    'not_found',
    'this registry has accounts of its own and no sign-in by GitHub: sign in with a token, as users/login?token=',
  )
}

import type { Context, Hono } from 'hono'
import { z } from 'zod'
import { authorizeUser } from '#core/access/can.ts'
import { listRoles } from '#core/access/list-roles.ts'
import { signOut } from '#core/accounts/sessions/revoke-session.ts'
import { fetchSessionByCode, fetchSessionByLink } from '#core/accounts/sign-in/fetch-session.ts'
import { readUserAgent, type SignInOrigin } from '#core/accounts/sign-in/sign-in.ts'
import { type StartedSignIn, startSignIn } from '#core/accounts/sign-in/start-sign-in.ts'
import { viewUser } from '#core/accounts/view-user.ts'
import { RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { GREN_ROLES } from './roles.ts'
import { confirmPage, confirmSubmitted } from './sign-in-page.ts'

const MAX_BODY_BYTES = 64 * 1024
const POLL_SECONDS = '2'
const LABEL = 'Gren'

// Word by word what upstream answers.
const NO_EMAIL = 'Request json did not contain a valid `email` field.'
const NO_JSON = 'Request json invalid.'
const WRONG_CODE = 'Invalid token or confirmation code'
const NO_MAIL = 'Failed to send email'

const emailBody = z.object({ email: z.string() })
const codeBody = z.object({ fetchSessionToken: z.string(), emailConfirmationCode: z.string() })

/** Signing in by a typed code (`/session`) and by a mailed link (`/users`), and out again. */
export function signInRoutes(routes: Hono<Env>): void {
  routes.post('/session', startByCode)
  routes.delete('/session', leave)
  routes.all('/session', () => plain(404, 'not found'))
  routes.post('/session/fetch', fetchByCode)
  routes.all('/session/fetch', () => plain(404, 'not found'))
  routes.post('/users', startByLink)
  routes.all('/users', refuseMethod('POST'))
  routes.get('/users/validate/:token', confirmPage)
  routes.post('/users/validate/:token', confirmSubmitted)
  routes.all('/users/validate/:token', refuseMethod('GET, HEAD, POST'))
  routes.get('/users/login/:nonce', poll)
  routes.all('/users/login/:nonce', refuseMethod('GET'))
  routes.get('/user', readUser)
  routes.all('/user', refuseMethod('GET, HEAD'))
}

/** What is tried without a credential and counts as if one were: everything that signs in. */
export function isSignInRequest({ method, url }: Pick<Request, 'method' | 'url'>): boolean {
  const path = new URL(url).pathname.replace(/^\/gren\//, '/')
  if (/^\/users\/(validate|login)\/[^/]+$/.test(path)) return true
  return method === 'POST' && /^\/(session|session\/fetch|users)$/.test(path)
}

/** POST /session `{"email"}`: mails a code. */
async function startByCode(c: Context<Env>): Promise<Response> {
  return await start(c, async (email) => {
    const { fetchToken } = await startSignIn(
      c.var.app,
      { email, flow: 'code', label: LABEL },
      originOf(c),
    )
    return { fetchSessionToken: fetchToken }
  })
}

/** POST /session/fetch `{"fetchSessionToken","emailConfirmationCode"}`. */
async function fetchByCode(c: Context<Env>): Promise<Response> {
  const wanted = codeBody.safeParse(await readJson(c)).data
  if (!wanted) return plain(400, NO_JSON)
  const { fetchSessionToken: fetchToken, emailConfirmationCode: code } = wanted
  try {
    const { secret } = await fetchSessionByCode(c.var.app, { fetchToken, code }, originOf(c))
    return secretJson({ sessionToken: secret })
  } catch (error) {
    if (!isFailure(error, 'credential_invalid')) throw error
    return secretJson({ message: WRONG_CODE }, { status: 400 })
  }
}

/** POST /users `{"email"}`: mails a link; the answer says where to ask for the session. */
async function startByLink(c: Context<Env>): Promise<Response> {
  const base = `${c.var.app.settings.publicUrl}/gren/users`
  return await start(c, async (email) => {
    const linkOf = (token: string) => `${base}/validate/${token}`
    const request = { email, flow: 'link', label: LABEL, linkOf } as const
    const { fetchToken } = await startSignIn(c.var.app, request, originOf(c))
    return { fetchUrl: `${base}/login/${fetchToken}` }
  })
}

async function start(
  c: Context<Env>,
  begin: (email: string) => Promise<Readonly<Record<string, StartedSignIn['fetchToken']>>>,
): Promise<Response> {
  const wanted = emailBody.safeParse(await readJson(c)).data
  if (!wanted) return plain(400, NO_EMAIL)
  try {
    return secretJson(await begin(wanted.email))
  } catch (error) {
    if (isFailure(error, 'invalid_request')) return plain(400, NO_EMAIL)
    if (!isFailure(error, 'unavailable')) throw error
    const seconds = String(error.retryAfterSeconds ?? 1)
    return secretJson({ message: NO_MAIL }, { status: 503, headers: { 'retry-after': seconds } })
  }
}

/** GET /users/login/{nonce}: 202 until the link was confirmed, then the token once, then 410. */
async function poll(c: Context<Env>): Promise<Response> {
  // Its answer would be lost, and the token with it.
  if (c.req.method === 'HEAD') return refuseMethod('GET')()
  const made = await fetchSessionByLink(c.var.app, c.req.param('nonce') ?? '', originOf(c))
  if (made) return secretJson({ authToken: made.secret })
  return secretJson(
    { status: 'pending' },
    { status: 202, headers: { 'retry-after': POLL_SECONDS } },
  )
}

/** GET /user: who is signed in. */
async function readUser(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  authorizeUser(actor, 'read')
  const { name, email, createdAt } = await viewUser(app, actor, actor.name.slice('user:'.length))
  const roles = await listRoles(app, actor)
  return secretJson({
    name,
    email,
    createdAt: new Date(createdAt).toISOString(),
    publishingIdentities: roles.map(({ namespace, role }) => ({
      name: namespace,
      role: GREN_ROLES[role],
    })),
  })
}

/** DELETE /session: signs out. */
async function leave(c: Context<Env>): Promise<Response> {
  await signOut(c.var.app, c.var.actor)
  return new Response(null, { status: 204 })
}

function originOf(c: Context<Env>): SignInOrigin {
  const { address, requestId } = c.var.actor
  return { address, requestId, userAgent: readUserAgent(c.req.header('user-agent')) }
}

async function readJson(c: Context<Env>): Promise<unknown> {
  const bytes = await readBody(c.req.raw, MAX_BODY_BYTES)
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

function isFailure(error: unknown, code: RegistryError['code']): error is RegistryError {
  return error instanceof RegistryError && error.code === code
}

function secretJson(
  body: object,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}

function plain(status: 400 | 404, text: string): Response {
  return new Response(text, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
}

function refuseMethod(allow: string) {
  return (): never => {
    throw new RegistryError('method_not_allowed', `here only ${allow}`, { details: { allow } })
  }
}

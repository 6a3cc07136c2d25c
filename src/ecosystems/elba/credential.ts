import type { Context } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { Env, ShownCredential } from '#ecosystems/contract.ts'
import { bearerOrBasic } from '#ecosystems/credential.ts'

/** What the reference registry calls its cookie. */
const COOKIE = 'user_token'
const SESSION_SECONDS = 30 * 86_400
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The credential: in `Authorization`, as `?token=` (the old client's way), or in the session's cookie. */
export function credential(request: Request): ShownCredential | undefined {
  const stated = statedCredential(request)
  if (stated) return stated
  const secret = cookieOf(request)
  return secret === undefined ? undefined : { secret }
}

/** The credential that a client sent on purpose: not the one that its browser adds. */
export function statedCredential(request: Request): ShownCredential | undefined {
  const shown = bearerOrBasic(request)
  if (shown) return shown
  const token = new URL(request.url).searchParams.get('token')
  return token ? { secret: token } : undefined
}

/** Throws for a change that a page of another site makes with the session of whoever looks at it. */
export function requireOwnPage(c: Context<Env>): void {
  const request = c.req.raw
  const isSafe = SAFE_METHODS.has(request.method)
  if (isSafe || statedCredential(request) || cookieOf(request) === undefined) return
  if (!isFromOwnPage(c)) throw foreignPage()
}

/** Throws when a page of another site asks, whatever the method. */
export function refuseOtherSites(c: Context<Env>): void {
  if (!isFromOwnPage(c)) throw foreignPage()
}

/** Has the browser keep a credential, out of reach of scripts and of other sites. */
export function setSession(c: Context<Env>, headers: Headers, secret: string): void {
  headers.set('set-cookie', cookie(c, encodeURIComponent(secret), SESSION_SECONDS))
}

/** Has the browser forget it. */
export function endSession(c: Context<Env>, headers: Headers): void {
  headers.set('set-cookie', cookie(c, '', 0))
}

/** The secret in the session's cookie. */
export function cookieOf(request: Request): string | undefined {
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const [name = '', value = ''] = pair.trim().split('=')
    if (name === COOKIE && value !== '') return value
  }
  return undefined
}

/** Only for this protocol: at `/elba/`, or at the root of its own host. */
function cookie(c: Context<Env>, value: string, maxAgeSeconds: number): string {
  const { pathname, protocol } = new URL(c.req.url)
  const path = pathname.slice(0, pathname.indexOf('/api/')) || '/'
  const isSecure = protocol === 'https:' || c.var.app.settings.publicUrl.startsWith('https:')
  const attributes = [
    `${COOKIE}=${value}`,
    `Path=${path}`,
    `Max-Age=${maxAgeSeconds}`,
    'HttpOnly',
    'SameSite=Lax',
    ...(isSecure ? ['Secure'] : []),
  ]
  return attributes.join('; ')
}

/** Browsers say where a request comes from; who says nothing is no browser. */
function isFromOwnPage(c: Context<Env>): boolean {
  const { headers, url } = c.req.raw
  const origin = headers.get('origin')
  if (origin === null) {
    const site = headers.get('sec-fetch-site')
    return site === null || site === 'same-origin' || site === 'none'
  }
  if (!URL.canParse(origin)) return false
  const { host } = new URL(origin)
  return host === new URL(url).host || host === new URL(c.var.app.settings.publicUrl).host
}

function foreignPage(): RegistryError {
  return new RegistryError('forbidden', 'a page of another site may not use your session')
}

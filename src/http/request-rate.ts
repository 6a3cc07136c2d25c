import type { Rate, RateClass, Rates } from '#config.ts'
import type { Actor } from '#core/access/actor.ts'
import { addressBlock } from '#core/accounts/address-block.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { type RateResult, takeRate } from '#core/limits/limit.ts'
import type { Ecosystem } from '#ecosystems/contract.ts'
import type { RequestContext } from './request-context.ts'

const WINDOW_SECONDS = 60
const WHAT = { credential: 'credential checks', write: 'changes', read: 'reads' } as const

/** Whose rates apply: an ecosystem's, or by its id alone those of another part of the server. */
type Rated = Pick<Ecosystem, 'id' | 'rates' | 'rateClass'>

/** Who is counted: a credential, or without one the address. */
export type Caller = Pick<Actor, 'name' | 'credential' | 'address'>

/** How often requests of one class may come. */
export interface ClassLimit {
  readonly kind: RateClass
  readonly ecosystem: string
  readonly rate: Rate
}

/** A request to be counted; `c` is Hono's context of whatever environment. */
interface CountedRequest {
  readonly c: { readonly req: { readonly raw: Request }; readonly env: RequestContext }
  readonly ecosystem: Rated | string
  readonly actor: Caller
}

/**
 * Counts a request against its class' limit and notes where the caller stands, for the answer's
 * headers; throws `rate_limited` beyond it. Costs nothing where the class is unlimited.
 */
export async function takeRequestRate(
  app: App,
  options: { readonly rates: Rates },
  { c, ecosystem, actor }: CountedRequest,
): Promise<void> {
  const rated: Rated = typeof ecosystem === 'string' ? { id: ecosystem } : ecosystem
  c.env.notes.actorName = actor.name
  const kind = classOf(rated, c.req.raw)
  if (kind === 'uncounted') return
  await countRequest(app, limitOf(options.rates, rated, kind), actor, c.env)
}

/** What applies to a class: what the operator set for the ecosystem, its own rates, the general. */
export function limitOf(rates: Rates, { id, rates: own }: Rated, kind: RateClass): ClassLimit {
  const rate = { ...rates.general[kind], ...own?.[kind], ...rates.ecosystems[id]?.[kind] }
  return { kind, ecosystem: id, rate }
}

/** Counts one request of a known class; see `takeRequestRate`. */
export async function countRequest(
  app: App,
  { kind, ecosystem, rate }: ClassLimit,
  actor: Caller,
  { notes }: Pick<RequestContext, 'notes'>,
): Promise<void> {
  const isAnonymous = actor.credential === ''
  const limit = isAnonymous ? rate.anonymous : rate.authenticated
  if (limit === 0) return
  const rule = { name: `${ecosystem}:${kind}`, limit, windowSeconds: WINDOW_SECONDS }
  const subject = isAnonymous ? `address:${addressBlock(actor.address)}` : actor.credential
  const result = await takeRate(app, rule, subject)
  notes.rate = result
  if (result.allowed) return
  throw new RegistryError('rate_limited', `at most ${limit} ${WHAT[kind]} per minute`, {
    retryAfterSeconds: result.retryAfterSeconds,
  })
}

/**
 * Tells a client where it stands: as everybody did, and as the IETF's draft
 * (draft-ietf-httpapi-ratelimit-headers-10) says. Set one by one: every limited answer comes here.
 */
export function setRateHeaders(headers: Headers, result: RateResult): void {
  const { rule, limit, remaining, resetAt, retryAfterSeconds } = result
  if (limit === 0) return
  headers.set('x-ratelimit-limit', String(limit))
  headers.set('x-ratelimit-remaining', String(remaining))
  headers.set('x-ratelimit-reset', String(Math.ceil(resetAt.getTime() / 1000)))
  headers.set('ratelimit-policy', `"${rule.name}";q=${limit};w=${rule.windowSeconds}`)
  headers.set('ratelimit', `"${rule.name}";r=${remaining};t=${retryAfterSeconds}`)
  if (!result.allowed) headers.set('retry-after', String(retryAfterSeconds))
}

/** The protocol knows best; else what does not change anything reads. */
function classOf(rated: Rated, request: Request): RateClass | 'uncounted' {
  const known = rated.rateClass?.(withPlainPath(request))
  if (known !== undefined) return known
  const { method } = request
  if (method === 'OPTIONS') return 'uncounted'
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

/** Routes take an escaped letter for the letter itself, so the class must not depend on it. */
function withPlainPath({ method, url: raw }: Request): Pick<Request, 'method' | 'url'> {
  if (!raw.includes('%')) return { method, url: raw }
  const url = new URL(raw)
  url.pathname = url.pathname.replace(/%[2-7][0-9a-f]/gi, (escaped) => {
    const character = decodeURIComponent(escaped)
    return /[\w.~-]/.test(character) ? character : escaped
  })
  return { method, url: url.href }
}

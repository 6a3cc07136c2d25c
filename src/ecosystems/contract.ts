import type { Context, Hono } from 'hono'
import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import type { Epoch } from '#core/cache/read-cache.ts'
import type { EcosystemRules } from '#core/ecosystem.ts'
import type { RegistryError } from '#core/errors.ts'
import type { HotAnswer } from './hot-answer.ts'

/** What every handler finds in its context. */
export interface Env {
  Variables: {
    app: App
    actor: Actor
    /** Where reading for this answer began; see core/cache. */
    epoch: Epoch
    /** Set by `sendHot`: the server keeps it. */
    hot?: HotAnswer
  }
}

/** Requests per minute; 0 is unlimited. */
interface Rate {
  readonly anonymous: number
  readonly authenticated: number
}

/** Kinds of request that are counted apart. */
type RateClass = 'credential' | 'write' | 'read'

/** A credential as it was shown; the registry alone decides what it is worth. */
export interface ShownCredential {
  readonly secret: string
  /** The user name sent along (Basic), if any: it must fit the secret's owner. */
  readonly userName?: string
  /** True where the protocol has short-lived credentials made from others (see core/tokens/grant.ts). */
  readonly mayBeGrant?: boolean
}

/** One package manager, whole: its rules, and the protocol its client speaks. */
export interface Ecosystem extends EcosystemRules {
  /**
   * First path segments that the protocol fixes (OCI: 'v2', 'token'); its routes then carry them.
   * Without this its routes hang under `/<id>/`, and at the root of hosts given to it.
   */
  readonly fixedSegments?: readonly string[]
  /** Finds the credential where this client puts it; throws `credential_invalid` for a mangled one. */
  credential(request: Request): ShownCredential | undefined
  routes(): Hono<Env>
  /** Requests per minute that the protocol's specification names; the operator may set others. */
  readonly rates?: Readonly<Partial<Record<RateClass, Rate>>>
  /** How a request is counted where its method does not tell: a log-in, the chunks of an upload. */
  rateClass?(request: Pick<Request, 'method' | 'url'>): RateClass | 'uncounted' | undefined
  /** Documents about the whole registry at `/.well-known/<name>`, open to everybody. */
  readonly wellKnown?: Readonly<Record<string, (app: App) => object>>
  /** The wire form of a failure. */
  renderError(error: RegistryError, c: Context<Env>): Response
}

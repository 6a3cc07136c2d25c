import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import type { Ecosystem } from '#ecosystems/contract.ts'
import type { Bindings } from '#http/request-context.ts'

/** What a handler of the management API finds in its context. */
export interface ApiEnv extends Bindings {
  Variables: { app: App; actor: Actor; ecosystems: readonly Ecosystem[] }
}

/** The API while endpoints are being added to it. */
export type Api = OpenAPIHono<ApiEnv>

/** Any request to the API. */
export type ApiContext = Context<ApiEnv>

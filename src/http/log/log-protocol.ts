import { Hono } from 'hono'
import type { Env } from '#ecosystems/contract.ts'
import { bearerOrBasic } from '#ecosystems/credential.ts'
import { problemResponse } from '#http/errors.ts'
import type { FrontedProtocol } from '#http/front.ts'
import type { Bindings } from '#http/request-context.ts'
import { mountFiles } from './files.ts'
import { mountLookups } from './lookups.ts'
import { mountLogPage } from './page.ts'
import { mountProofs } from './proofs.ts'
import { mountWitness } from './witness.ts'

/** The transparency log at `/log/`: a protocol of the registry as a whole, not of an ecosystem. */
export const logProtocol: FrontedProtocol = {
  id: 'log',
  credential: bearerOrBasic,
  routes,
  renderError: (error, c) =>
    problemResponse(error, (c.env as unknown as Bindings['Bindings']).requestId),
}

function routes(): Hono<Env> {
  const log = new Hono<Env>().basePath('/log')
  mountLogPage(log)
  mountFiles(log)
  mountProofs(log)
  mountLookups(log)
  mountWitness(log)
  return log
}

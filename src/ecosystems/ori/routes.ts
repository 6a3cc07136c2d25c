import { type Context, Hono } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readAdvisories, readOsvAdvisories } from './advisories.ts'
import { deprecate, remove, unyank, yank } from './lifecycle.ts'
import { deleteOwner, readOwners, writeOwner } from './owners.ts'
import { publish } from './publish.ts'
import { readDownload, readMetadata, readProof, readVersions } from './reads.ts'
import { search } from './search.ts'
import { deleteToken, login, readTokens, writeToken } from './tokens.ts'
import { transfer } from './transfer.ts'

type Handler = (c: Context<Env>) => Response | Promise<Response>
type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', Handler>>>

const PACKAGE = '/v1/packages/:scope/:name'

/** Every path and what may be done there; HEAD goes with GET. Words before versions. */
const ROUTES: Readonly<Record<string, Methods>> = {
  '/v1/search': { GET: search },
  '/v1/advisories': { GET: readAdvisories },
  '/v1/advisories.osv': { GET: readOsvAdvisories },
  '/v1/login': { POST: login },
  '/v1/tokens': { GET: readTokens, POST: writeToken },
  '/v1/tokens/:id': { DELETE: deleteToken },
  [`${PACKAGE}/versions`]: { GET: readVersions },
  [`${PACKAGE}/publish`]: { POST: publish },
  [`${PACKAGE}/transfer`]: { POST: transfer },
  [`${PACKAGE}/owners`]: { GET: readOwners, POST: writeOwner },
  [`${PACKAGE}/owners/:user`]: { DELETE: deleteOwner },
  [`${PACKAGE}/:version/metadata`]: { GET: readMetadata },
  [`${PACKAGE}/:version/download`]: { GET: readDownload },
  [`${PACKAGE}/:version/download.tlog-proof`]: { GET: readProof },
  [`${PACKAGE}/:version/yank`]: { POST: yank },
  [`${PACKAGE}/:version/unyank`]: { POST: unyank },
  [`${PACKAGE}/:version/deprecate`]: { POST: deprecate },
  [`${PACKAGE}/:version`]: { DELETE: remove },
}

/** All of the Ori registry protocol. */
export function routes(): Hono<Env> {
  const app = new Hono<Env>()
  for (const [path, methods] of Object.entries(ROUTES)) {
    for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler)
    const allow = Object.keys(methods).flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one]))
    app.all(path, () => {
      throw new RegistryError('method_not_allowed', `here only ${allow.join(', ')}`, {
        details: { allow: allow.join(', ') },
      })
    })
  }
  return app
}

import { type Context, Hono } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'
import { indexRoutes } from '#ecosystems/index-routes.ts'
import { requireOwnPage } from './credential.ts'
import {
  readGlobalStats,
  readGroup,
  readGroupPackages,
  readGroups,
  readRegistryMetadata,
  search,
} from './lists.ts'
import { deleteOwner, writeOwner } from './owners.ts'
import { publishNamed, publishUnnamed } from './publish.ts'
import {
  readDependencies,
  readDownload,
  readDownloadGraph,
  readDownloadStats,
  readOwners,
  readPackage,
  readProof,
  readReadme,
  readVersionMetadata,
  readVersions,
} from './reads.ts'
import { deleteToken, readTokens, writeToken } from './tokens.ts'
import { login, logout, readSelf, readUser, refuseOAuth } from './users.ts'
import { yank } from './yank.ts'

type Handler = (c: Context<Env>) => Response | Promise<Response>
type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler>>>

const USERS = '/api/v1/users'
const PACKAGES = '/api/v1/packages'
const PACKAGE = `${PACKAGES}/:group/:name`
const VERSION = `${PACKAGE}/:version`

/** Every path and what may be done there; HEAD goes with GET. Words before names. */
const ROUTES: Readonly<Record<string, Methods>> = {
  '/api/registry_metadata': { GET: readRegistryMetadata },
  [`${USERS}/login`]: { GET: login, POST: login },
  [`${USERS}/login/oauth`]: { GET: refuseOAuth },
  [`${USERS}/login/oauth/callback`]: { GET: refuseOAuth },
  [`${USERS}/logout`]: { GET: logout, POST: logout },
  [`${USERS}/metadata`]: { GET: readSelf },
  [`${USERS}/tokens`]: { GET: readTokens },
  [`${USERS}/tokens/create`]: { PUT: writeToken },
  [`${USERS}/tokens/:id`]: { DELETE: deleteToken },
  [`${USERS}/:id/metadata`]: { GET: readUser },
  [`${PACKAGES}/search`]: { GET: search },
  [`${PACKAGES}/global_stats`]: { GET: readGlobalStats },
  [`${PACKAGES}/groups`]: { GET: readGroups },
  [`${PACKAGES}/:group/metadata`]: { GET: readGroup },
  [`${PACKAGES}/:group/packages`]: { GET: readGroupPackages },
  [`${PACKAGE}/metadata`]: { GET: readPackage },
  [`${PACKAGE}/versions`]: { GET: readVersions },
  [`${PACKAGE}/owners`]: { GET: readOwners, PUT: writeOwner, DELETE: deleteOwner },
  [`${VERSION}/metadata`]: { GET: readVersionMetadata },
  [`${VERSION}/readme`]: { GET: readReadme },
  [`${VERSION}/dependencies`]: { GET: readDependencies },
  [`${VERSION}/download`]: { GET: readDownload },
  [`${VERSION}/download.tlog-proof`]: { GET: readProof },
  [`${VERSION}/download_stats`]: { GET: readDownloadStats },
  [`${VERSION}/download_graph`]: { GET: readDownloadGraph },
  [`${VERSION}/yank`]: { PATCH: yank },
  [`${VERSION}/publish`]: { PUT: publishNamed },
  // As upstream's document has them, though no client ever did.
  '/api/v1/publish': { PUT: publishUnnamed },
  '/api/v1/:group/:name/:version/yank': { PATCH: yank },
}

/** All of the registry protocol of elba 0.3. */
export function routes(): Hono<Env> {
  const app = new Hono<Env>()
  app.use(async (c, next) => {
    requireOwnPage(c)
    await next()
  })
  app.route('/', indexRoutes('elba'))
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

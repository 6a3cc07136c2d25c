import { type Context, Hono } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readAdvisories, readOsvAdvisories } from './advisories.ts'
import { readFeed, readHealth } from './feed.ts'
import { gitRoutes } from './git.ts'
import { identityRoutes } from './identities.ts'
import { deprecate, revokeAll, revokeVersion, unyank, yank } from './lifecycle.ts'
import { publishBundle, publishForm } from './publish.ts'
import { readBundleFile, readExtraFile, readOutlineFile, readProof } from './reads.ts'
import { signInRoutes } from './sign-in.ts'
import { readModule, readOverview, readPackages, redirectToLatest, searchPackage } from './site.ts'
import { readLatest, readPrevious, readVersions } from './versions.ts'

type Handler = (c: Context<Env>) => Response | Promise<Response>
type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Handler>>>

const PACKAGE = '/package/:author/:project'

/** Every path of packages and what may be done there; HEAD goes with GET. Words before versions. */
const ROUTES: Readonly<Record<string, Methods>> = {
  '/health': { GET: readHealth },
  '/feed/rss': { GET: readFeed },
  '/advisories': { GET: readAdvisories },
  '/advisories.osv': { GET: readOsvAdvisories },
  '/package': { GET: readPackages, POST: publishForm },
  '/package/search': { GET: searchPackage },
  [PACKAGE]: { GET: redirectToLatest, DELETE: revokeAll },
  [`${PACKAGE}/versions`]: { GET: readVersions },
  [`${PACKAGE}/latest`]: { GET: readLatest },
  [`${PACKAGE}/deprecate`]: { POST: deprecate },
  [`${PACKAGE}/version/:version/overview`]: { GET: readOverview },
  [`${PACKAGE}/version/:version/module/:module`]: { GET: readModule },
  [`${PACKAGE}/:version`]: { PUT: publishBundle, DELETE: revokeVersion },
  [`${PACKAGE}/:version/previous`]: { GET: readPrevious },
  [`${PACKAGE}/:version/outline`]: { GET: readOutlineFile },
  [`${PACKAGE}/:version/bundle`]: { GET: readBundleFile },
  [`${PACKAGE}/:version/bundle.tlog-proof`]: { GET: readProof },
  [`${PACKAGE}/:version/readme`]: { GET: readExtraFile('readme') },
  [`${PACKAGE}/:version/license`]: { GET: readExtraFile('license') },
  [`${PACKAGE}/:version/docs`]: { GET: readExtraFile('docs') },
  [`${PACKAGE}/:version/changelog`]: { GET: readExtraFile('changelog') },
  [`${PACKAGE}/:version/yank`]: { POST: yank },
  [`${PACKAGE}/:version/unyank`]: { POST: unyank },
  [`${PACKAGE}/:version/deprecate`]: { POST: deprecate },
}

/** All of Gren's registry. */
export function routes(): Hono<Env> {
  const app = new Hono<Env>()
  signInRoutes(app)
  identityRoutes(app)
  gitRoutes(app)
  packageRoutes(app)
  return app
}

function packageRoutes(app: Hono<Env>): void {
  for (const [path, methods] of Object.entries(ROUTES)) {
    for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler)
    const allow = Object.keys(methods).flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one]))
    app.all(path, () => {
      throw new RegistryError('method_not_allowed', `here only ${allow.join(', ')}`, {
        details: { allow: allow.join(', ') },
      })
    })
  }
}

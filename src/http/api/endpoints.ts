import { OpenAPIHono } from '@hono/zod-openapi'
import { RegistryError } from '#core/errors.ts'
import { mountAdvisories } from './advisories.ts'
import { mountAudit } from './audit.ts'
import type { Api, ApiEnv } from './env.ts'
import { mountInvitations } from './invitations.ts'
import { mountJobs } from './jobs.ts'
import { mountLifecycle } from './lifecycle.ts'
import { mountMembers } from './members.ts'
import { mountNamespaces } from './namespaces.ts'
import { mountOwners } from './owners.ts'
import { foldPackagePath } from './package-address.ts'
import { mountPackages } from './packages.ts'
import { mountReleases } from './releases.ts'
import { mountSearch } from './search.ts'
import { mountSessions } from './sessions.ts'
import { mountSignIn } from './sign-in.ts'
import { mountTokens } from './tokens.ts'
import { mountTransfers } from './transfers.ts'
import { mountUsers } from './users.ts'
import { refuseInvalid } from './validation.ts'
import { mountWebhookDeliveries } from './webhook-deliveries.ts'
import { mountWebhooks } from './webhooks.ts'
import { mountWhoAmI } from './whoami.ts'

/** In the order that the document has them. */
const MOUNTS: ReadonlyArray<(api: Api) => void> = [
  mountWhoAmI,
  mountSignIn,
  mountSessions,
  mountUsers,
  mountTokens,
  mountNamespaces,
  mountMembers,
  mountInvitations,
  mountPackages,
  mountReleases,
  mountSearch,
  mountAdvisories,
  mountLifecycle,
  mountOwners,
  mountTransfers,
  mountWebhooks,
  mountWebhookDeliveries,
  mountAudit,
  mountJobs,
]

/** An API without endpoints: what is added first runs first. */
export function emptyApi(): Api {
  return new OpenAPIHono<ApiEnv>({ getPath: foldPackagePath, defaultHook: refuseInvalid })
}

/** Adds every endpoint of the management API. */
export function mountEndpoints(api: Api): void {
  for (const mount of MOUNTS) mount(api)
}

/** Every other method on a path that exists is 405, and told which ones there are. */
export function refuseOtherMethods(api: Api): void {
  const methods = new Map<string, string[]>()
  for (const { path, method } of api.routes) {
    if (method === 'ALL') continue
    const known = methods.get(path) ?? []
    methods.set(path, known.concat(method === 'GET' ? ['GET', 'HEAD'] : [method]))
  }
  for (const [path, known] of methods) {
    const allow = [...new Set(known)].join(', ')
    api.all(path, () => {
      throw new RegistryError('method_not_allowed', `here only ${allow}`, { details: { allow } })
    })
  }
}

import { createRoute, z } from '@hono/zod-openapi'
import { listRoles } from '#core/access/list-roles.ts'
import { limitNames } from '#core/tokens/limit-names.ts'
import type { Api } from './env.ts'
import { json, problems } from './responses.ts'
import { defined, RoleName, ScopeName, Time, time } from './schemas.ts'

const WhoAmI = z
  .object({
    kind: z.enum(['anonymous', 'user', 'robot', 'system']),
    name: z.string().openapi({ example: 'user:ann', description: 'As audit lines name it' }),
    credential: z.string().openapi({ example: 'token:12', description: 'Empty for nobody' }),
    isOperator: z.boolean(),
    scopes: z.array(ScopeName),
    onlyNamespaces: z.array(z.string()).optional(),
    onlyPackages: z.array(z.string()).optional(),
    expiresAt: Time.optional(),
    roles: z.array(z.object({ namespace: z.string(), role: RoleName })),
  })
  .openapi('WhoAmI')

const whoAmI = createRoute({
  method: 'get',
  path: '/api/v1/whoami',
  operationId: 'whoAmI',
  tags: ['Accounts'],
  summary: 'Who the shown credential stands for',
  description: 'Answers anybody; showing no credential is being anonymous.',
  responses: { 200: json(WhoAmI, 'Who asks, and what they may do'), default: problems() },
})

/** `/whoami`. */
export function mountWhoAmI(api: Api): void {
  api.openapi(whoAmI, async (c) => {
    const { app, actor } = c.var
    const { kind, name, credential, isOperator, expiresAt } = actor
    const names = await limitNames(app, actor, [actor])
    const answer = {
      kind,
      name,
      credential,
      isOperator,
      scopes: [...actor.scopes],
      ...names(actor),
      expiresAt: expiresAt === undefined ? undefined : time(expiresAt),
      roles: await listRoles(app, actor),
    }
    return c.json(defined(answer), 200)
  })
}

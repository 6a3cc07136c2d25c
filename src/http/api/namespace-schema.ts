import { z } from '@hono/zod-openapi'
import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import type { Namespace as CoreNamespace } from '#core/namespaces/find-namespace.ts'
import { Time, time } from './schemas.ts'

const Labels = z
  .record(z.string(), z.string())
  .openapi('Labels', { example: { team: 'web' }, description: 'At most 64 texts by key' })

const Quota = z
  .int()
  .min(0)
  .nullable()
  .openapi({ example: 10_000_000_000, description: 'null is unlimited' })

const quotas = {
  maxBytes: Quota.optional(),
  maxPackages: Quota.optional(),
  maxProjects: Quota.optional(),
}

/** A namespace; what it holds and may hold is for its members and operators. */
export const Namespace = z
  .object({
    name: z.string().openapi({ example: 'acme' }),
    status: z.enum(['active', 'terminating']),
    consumerLabels: Labels,
    providerLabels: Labels,
    createdAt: Time,
    ...quotas,
    usedBytes: z.int().optional(),
  })
  .openapi('Namespace', { description: 'Quotas and use are there for members and operators' })

const changeable = {
  consumerLabels: Labels.optional().openapi({ description: 'Set by its admins' }),
  providerLabels: Labels.optional().openapi({ description: 'Set by operators' }),
  ...quotas,
}

/** What a namespace is made of. */
export const NewNamespace = z
  .strictObject({
    name: z.string().openapi({ example: 'acme' }),
    owner: z
      .string()
      .optional()
      .openapi({ description: 'Its first admin, if not you; as an operator' }),
    ...changeable,
  })
  .openapi('NewNamespace')

/** What may change about a namespace. */
export const NamespaceChange = z.strictObject(changeable).openapi('NamespaceChange')

/** The namespace as this actor may see it. */
export function namespaceView(actor: Actor, namespace: CoreNamespace, isMaker = false) {
  const { name, status, consumerLabels, providerLabels, createdAt } = namespace
  const { maxBytes, maxPackages, maxProjects, usedBytes } = namespace
  const seen = { name, status, consumerLabels, providerLabels, createdAt: time(createdAt) }
  if (!isMaker && !isInsider(actor, namespace.id)) return seen
  return { ...seen, maxBytes, maxPackages, maxProjects, usedBytes }
}

/** Whoever may read what is private in a namespace may know how much there is. */
function isInsider(actor: Actor, namespaceId: number): boolean {
  return can(actor, 'read', { namespaceId, package: { id: 0, visibility: 'private' } })
}

import type { Context } from 'hono'
import { z } from 'zod'
import { authorize } from '#core/access/can.ts'
import { RegistryError } from '#core/errors.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deleteNamespace } from '#core/namespaces/delete-namespace.ts'
import {
  findNamespace,
  getNamespace,
  type Namespace,
  namespaceUnknown,
} from '#core/namespaces/find-namespace.ts'
import { isSameLabels, type Labels } from '#core/namespaces/labels.ts'
import { listNamespaces } from '#core/namespaces/list-namespaces.ts'
import { measureNamespaces, type NamespaceUsage } from '#core/namespaces/measure-namespaces.ts'
import { type NamespaceChange, updateNamespace } from '#core/namespaces/update-namespace.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendDocument, sendDone } from './answers.ts'
import { count, labels, listRequest, param, readDocument } from './request.ts'

const createSchema = z.strictObject({
  labels: labels.optional(),
  repoLimit: count.optional(),
  storageLimit: count.optional(),
})

/** GET /namespaces: everybody may know that they exist, and what is public in them. */
export async function readNamespaces(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const request = listRequest(c)
  const page = await listNamespaces(app, actor, request)
  const usage = await measureNamespaces(app, actor, page.items)
  return sendDocument(c, {
    kind: 'namespace',
    form: 'list',
    body: { namespaces: page.items.map((one) => view(one, usage.get(one.id))) },
    next: page.next,
    limit: request.limit,
  })
}

/** GET /namespaces/{namespace}: also one that is being deleted, until it is gone. */
export async function readNamespace(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const found = await getNamespace(app.database.db, param(c, 'namespace'))
  const usage = await measureNamespaces(app, actor, [found])
  return sendDocument(c, { kind: 'namespace', body: view(found, usage.get(found.id)) })
}

/** PUT /namespaces/{namespace}: makes one with the caller as its admin, or changes labels and quotas. */
export async function writeNamespace(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const name = param(c, 'namespace')
  const wish = await readDocument(c, 'namespace', createSchema, true)
  const change: NamespaceChange = {
    ...(wish.labels && { consumerLabels: wish.labels }),
    ...(wish.repoLimit !== undefined && { maxPackages: wish.repoLimit }),
    ...(wish.storageLimit !== undefined && { maxBytes: wish.storageLimit }),
  }
  const before = await findNamespace(app.database.db, name)
  if (!before && (await isCreated(c, name, change))) return sendDone(c, { isNew: true })
  const existing = before ?? (await getNamespace(app.database.db, name))
  authorize(actor, 'manage', { namespaceId: existing.id }, () => namespaceUnknown(name))
  if (existing.status === 'terminating') {
    throw new RegistryError('namespace_terminating', `${existing.name} is being deleted`)
  }
  const differing = differences(existing, change)
  if (Object.keys(differing).length > 0) await updateNamespace(app, actor, name, differing)
  return sendDone(c)
}

/** False when somebody else made it at the same time. */
async function isCreated(c: Context<Env>, name: string, change: NamespaceChange): Promise<boolean> {
  try {
    await createNamespace(c.var.app, c.var.actor, { name, ...change })
    return true
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'name_taken') return false
    throw error
  }
}

/** DELETE /namespaces/{namespace}: it is terminating from now on; its content goes in the background. */
export async function removeNamespace(c: Context<Env>): Promise<Response> {
  await deleteNamespace(c.var.app, c.var.actor, param(c, 'namespace'))
  return sendDone(c)
}

/** The namespace that something is in; one that is being deleted has nothing any more. */
export async function activeNamespace(c: Context<Env>): Promise<Namespace> {
  const name = param(c, 'namespace')
  const found = await getNamespace(c.var.app.database.db, name)
  if (found.status === 'active') return found
  if (c.req.method !== 'PUT') throw namespaceUnknown(name)
  throw new RegistryError('namespace_terminating', `namespace ${found.name} is being deleted`)
}

/** What is asked for and not so already: repeating a PUT must not take rights to change things. */
function differences(before: Namespace, wanted: NamespaceChange): NamespaceChange {
  const { consumerLabels, maxPackages, maxBytes } = wanted
  return {
    ...(consumerLabels &&
      !isSameLabels(before.consumerLabels, consumerLabels) && { consumerLabels }),
    ...(maxPackages !== undefined && maxPackages !== before.maxPackages && { maxPackages }),
    ...(maxBytes !== undefined && maxBytes !== before.maxBytes && { maxBytes }),
  }
}

function view(namespace: Namespace, usage: NamespaceUsage | undefined) {
  return {
    name: namespace.name,
    status: namespace.status,
    labels: labelsView(namespace),
    quotas: {
      projects: quota(namespace.maxProjects, usage?.projects),
      repositories: quota(namespace.maxPackages, usage?.packages),
      storage: quota(namespace.maxBytes, usage?.bytes),
    },
  }
}

/** Where there is no limit, none is told: the schema requires none. */
function quota(limit: number | null, used = 0) {
  return { ...(limit !== null && { limit }), used }
}

/** Labels as documents have them, by who sets them. */
export function labelsView(labelled: { consumerLabels: Labels; providerLabels: Labels }) {
  return { consumer: labelled.consumerLabels, provider: labelled.providerLabels }
}

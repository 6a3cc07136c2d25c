import type { Context } from 'hono'
import { z } from 'zod'
import type { Namespace } from '#core/namespaces/find-namespace.ts'
import { deleteProject, projectUnknown } from '#core/namespaces/projects/delete-project.ts'
import { findProject, listProjects, type Project } from '#core/namespaces/projects/list-projects.ts'
import { saveProject } from '#core/namespaces/projects/save-project.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendDocument, sendDone } from './answers.ts'
import { activeNamespace, labelsView } from './namespaces.ts'
import { labelPair, listRequest, param, readDocument } from './request.ts'

const createSchema = z.strictObject({ labels: labelPair.optional() })

/** GET …/projects: those with something to see; all of them for members. */
export async function readProjects(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const namespace = await activeNamespace(c)
  const request = listRequest(c)
  const page = await listProjects(app, actor, namespace.id, request)
  return sendDocument(c, {
    kind: 'project',
    form: 'list',
    body: { projects: page.items.map((one) => view(namespace, one)) },
    next: page.next,
    limit: request.limit,
  })
}

/** GET …/projects/{project}. */
export async function readProject(c: Context<Env>): Promise<Response> {
  const namespace = await activeNamespace(c)
  const body = view(namespace, await visibleProject(c, namespace))
  return sendDocument(c, { kind: 'project', body })
}

/** PUT …/projects/{project}. */
export async function writeProject(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const namespace = await activeNamespace(c)
  const { labels } = await readDocument(c, 'project', createSchema)
  const saved = await saveProject(app, actor, {
    namespace: namespace.name,
    name: param(c, 'project'),
    consumerLabels: labels?.consumer,
    providerLabels: labels?.provider,
  })
  return sendDone(c, saved)
}

/** DELETE …/projects/{project}: with all that is in it. */
export async function removeProject(c: Context<Env>): Promise<Response> {
  const namespace = await activeNamespace(c)
  const name = param(c, 'project')
  await deleteProject(c.var.app, c.var.actor, { namespace: namespace.name, name })
  return sendDone(c)
}

/** The project in the path, if the caller may know of it. */
export async function visibleProject(c: Context<Env>, namespace: Namespace): Promise<Project> {
  const name = param(c, 'project')
  const found = await findProject(c.var.app, c.var.actor, { namespaceId: namespace.id, name })
  if (!found) throw projectUnknown(namespace.name, name)
  return found
}

function view(namespace: Namespace, project: Project) {
  return {
    name: project.name,
    namespace: namespace.name,
    repositories: project.packages,
    labels: labelsView(project),
  }
}

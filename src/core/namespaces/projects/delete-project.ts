import type { Actor } from '#core/access/actor.ts'
import { authorize } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { namespaceTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { removePackage } from '#core/packages/delete-package.ts'
import { findProject } from './list-projects.ts'

/**
 * Deletes a project with everything in it, a package at a time and its row last, so that it can
 * stop anywhere and be called again. Blobs stay for collection.
 */
export async function deleteProject(
  app: App,
  actor: Actor,
  { namespace: rawNamespace, name }: { namespace: string; name: string },
): Promise<void> {
  const namespace = await getNamespace(app.database.db, rawNamespace)
  const { id: namespaceId } = namespace
  const project = await findProject(app, actor, { namespaceId, name })
  if (!project) throw projectUnknown(namespace.name, name)
  authorize(actor, 'delete', { namespaceId }, () => projectUnknown(namespace.name, name))
  for (;;) {
    const target = await firstPackage(app, project.id)
    if (target) await removePackage(app, actor, target)
    else if (await isRowDeleted(app, actor, { ...project, path: `${namespace.name}/${name}` }))
      return
  }
}

/** What is said of projects that are not there, and of those with nothing to see. */
export function projectUnknown(namespace: string, name: string): RegistryError {
  return new RegistryError('not_found', `no project ${name.slice(0, 128)} in ${namespace}`)
}

function firstPackage(app: App, projectId: number) {
  return app.database.db
    .selectFrom('packages')
    .select(['id', 'namespaceId', 'ecosystem', 'path'])
    .where('projectId', '=', projectId)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
}

/** False when somebody published into it meanwhile. */
function isRowDeleted(
  app: App,
  actor: Actor,
  project: { id: number; namespaceId: number; path: string },
): Promise<boolean> {
  const { id, namespaceId, path } = project
  return change(app, async (tx) => {
    // Whoever publishes something new holds this lock.
    await app.database.dialect
      .lock(tx.selectFrom('namespaces').select('id').where('id', '=', namespaceId))
      .execute()
    const left = await tx
      .selectFrom('packages')
      .select('id')
      .where('projectId', '=', id)
      .limit(1)
      .executeTakeFirst()
    if (left) return false
    const { numDeletedRows } = await tx
      .deleteFrom('projects')
      .where('id', '=', id)
      .executeTakeFirst()
    if (numDeletedRows === 0n) return true
    await audit(app, tx, actor, {
      action: 'project.delete',
      subject: `project:${path}`,
      namespaceId,
    })
    changed(tx, namespaceTopic(namespaceId))
    return true
  })
}

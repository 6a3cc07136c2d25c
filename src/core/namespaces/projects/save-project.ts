import type { Actor } from '#core/access/actor.ts'
import { authorize, authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { namespaceTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { namespaceUnknown } from '#core/namespaces/find-namespace.ts'
import { isSameLabels, type Labels, readLabels, writeLabels } from '#core/namespaces/labels.ts'
import { lockNamespace } from '#core/namespaces/lock-namespace.ts'
import { ensureProject } from './ensure-project.ts'
import { parseProjectName } from './project-name.ts'

/** What a project is to be; labels are replaced as a whole, those left out stay. */
export interface ProjectWish {
  readonly namespace: string
  readonly name: string
  readonly consumerLabels?: Labels | undefined
  /** Operators only. */
  readonly providerLabels?: Labels | undefined
}

/** Makes a project, or changes its labels; for those who publish in the namespace. */
export async function saveProject(
  app: App,
  actor: Actor,
  wanted: ProjectWish,
): Promise<{ isNew: boolean }> {
  const name = parseProjectName(wanted.name)
  return await change(app, async (tx) => {
    const namespace = await lockNamespace(app, tx, wanted.namespace)
    const { id: namespaceId } = namespace
    authorize(actor, 'publish', { namespaceId }, () => namespaceUnknown(wanted.namespace))
    const { id, isNew } = await ensureProject(app, tx, { namespaceId, name })
    const before = await tx
      .selectFrom('projects')
      .select(['consumerLabels', 'providerLabels'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    const set = {
      ...differing('consumerLabels', before.consumerLabels, wanted.consumerLabels),
      ...differing('providerLabels', before.providerLabels, wanted.providerLabels),
    }
    if ('providerLabels' in set) authorizeOperator(actor)
    const hasChanges = Object.keys(set).length > 0
    if (hasChanges) await tx.updateTable('projects').set(set).where('id', '=', id).execute()
    if (!isNew && !hasChanges) return { isNew }
    await audit(app, tx, actor, {
      action: isNew ? 'project.create' : 'project.update',
      subject: `project:${namespace.name}/${name}`,
      namespaceId,
      detail: {
        ...(set.consumerLabels !== undefined && { consumerLabels: wanted.consumerLabels }),
        ...(set.providerLabels !== undefined && { providerLabels: wanted.providerLabels }),
      },
    })
    changed(tx, namespaceTopic(namespaceId))
    return { isNew }
  })
}

type Column = 'consumerLabels' | 'providerLabels'

function differing(column: Column, before: string, wanted: Labels | undefined) {
  const set: Partial<Record<Column, string>> = {}
  if (wanted && !isSameLabels(readLabels(before), wanted)) set[column] = writeLabels(wanted)
  return set
}

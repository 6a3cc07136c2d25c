import type { App } from '#core/app.ts'
import type { Row, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { refuseMovedName } from '#core/packages/moved-package.ts'
import type { Package } from '#core/packages/package.ts'

/** Where a package would be in another namespace. */
export interface Destination {
  readonly path: string
  readonly foldedPath: string | null
  /** Name of its project there. */
  readonly project: string
}

type Target = Pick<Row<'namespaces'>, 'id' | 'name' | 'status'>

/**
 * What a package would be called in a namespace. Throws when its ecosystem has no such name, or
 * another package has it; exact once the namespace is locked.
 */
export async function checkDestination(
  app: App,
  tx: Tx,
  moving: Package,
  target: Target,
): Promise<Destination> {
  if (target.status !== 'active') {
    throw new RegistryError('namespace_terminating', `namespace ${target.name} is being deleted`)
  }
  const { id, ecosystem, name } = moving
  const rules = app.ecosystems.find((one) => one.id === ecosystem)
  if (!rules) throw new RegistryError('not_found', `no ecosystem ${ecosystem} here`)
  const { project } = await tx
    .selectFrom('packages')
    .innerJoin('projects', 'projects.id', 'packages.projectId')
    .select('projects.name as project')
    .where('packages.id', '=', id)
    .executeTakeFirstOrThrow()
  const path = rules.formatName({ namespace: target.name, project, name })
  const { key } = rules.parseName(path)
  const foldedPath = rules.foldName?.(path) ?? null
  const holder = await tx
    .selectFrom('packages')
    .innerJoin('projects', 'projects.id', 'packages.projectId')
    .select('packages.id')
    .where('packages.ecosystem', '=', ecosystem)
    .where('packages.id', '!=', id)
    .where((eb) =>
      eb.or([
        eb('packages.path', '=', path),
        eb('packages.foldedPath', '=', foldedPath),
        eb.and([
          eb('packages.namespaceId', '=', target.id),
          eb('projects.name', '=', project),
          eb('packages.key', '=', key),
        ]),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  if (holder)
    throw new RegistryError('name_taken', `there is a package ${path} already, or one like it`)
  await refuseMovedName(tx, { ecosystem, path, exceptId: id })
  return { path, foldedPath, project }
}

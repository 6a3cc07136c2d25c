import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { findPackage, resourceOf } from '#core/packages/package.ts'
import type { Manifest, Requirement } from './manifest.ts'
import { formatName, packageRef, spelledName } from './name.ts'

/** A dependency that is there: its name as the registry has it, and as it is shown. */
export interface KnownRequirement extends Requirement {
  readonly path: string
}

/**
 * The dependencies of a package, each under the name that it has here. Throws `dependency_not_found`
 * for the first one that the publisher cannot see; versions are the solver's business.
 */
export async function findDependencies(
  app: App,
  actor: Actor,
  { dependencies }: Manifest,
): Promise<KnownRequirement[]> {
  const known: KnownRequirement[] = []
  for (const { name, req } of dependencies) {
    const ref = packageRef(name)
    const found = await findPackage(app, ref)
    if (!found || !can(actor, 'read', resourceOf(found))) {
      throw new RegistryError('package_unknown', `the dependency ${name} is not in this registry`, {
        details: { tag: 'dependency_not_found' },
      })
    }
    const { group, package: packageName } = spelledName(found)
    known.push({ name: `${group}/${packageName}`, req, path: formatName(ref) })
  }
  return known
}

import { systemActor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { digestOf } from '#core/blobs/digest.ts'
import type { Visibility } from '#core/db/schema.ts'
import type { EcosystemRules } from '#core/ecosystem.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import { type FoundPackage, type PackageSearch, searchPackages } from './search-packages.ts'

const operator = systemActor('cli')

/** A package to be found. */
export interface Sample {
  readonly namespace: string
  readonly name: string
  readonly ecosystem?: string
  readonly version?: string
  readonly visibility?: Visibility
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** A second ecosystem: its packages are called by namespace and name. */
export const toy: EcosystemRules = {
  id: 'toy',
  label: 'Toys',
  parseName: (raw) => {
    const [namespace = '', name = ''] = raw.split('/')
    return { namespace, name, key: name }
  },
  formatName: ({ namespace, name }) => `${namespace}/${name}`,
  compareVersions: (a, b) => (a < b ? -1 : 1),
}

export function refOf({ ecosystem = 'toy', namespace, name }: Sample): PackageRef {
  return { ecosystem, namespace, name, key: name }
}

/** Publishes a release of it. */
export async function publishSample(app: App, sample: Sample): Promise<void> {
  const { version = '1.0.0', visibility, metadata = {} } = sample
  const bytes = new TextEncoder().encode(`${sample.name} ${version}`)
  await publishRelease(app, operator, refOf(sample), {
    version,
    bytes,
    digest: digestOf(bytes, 'sha256'),
    mediaType: 'application/x-toy',
    kind: '',
    metadata,
    files: [],
    tags: [],
  })
  if (visibility) await updatePackage(app, operator, refOf(sample), { visibility })
}

/** Every page of a search, by paths. */
export async function pathsOf(
  app: App,
  actor: typeof operator,
  search: PackageSearch,
): Promise<string[]> {
  const found: FoundPackage[] = []
  let after: string | undefined
  do {
    const page = await searchPackages(app, actor, { ...search, ...(after && { after }) })
    found.push(...page.items)
    after = page.next
  } while (after !== undefined)
  return found.map(({ path }) => path)
}

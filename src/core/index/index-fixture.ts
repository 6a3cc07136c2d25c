import { systemActor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { digestOf } from '#core/blobs/digest.ts'
import type { IndexRules } from '#core/ecosystem.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import { toy } from '#core/search/search-fixture.ts'
import { everyFile } from './index-files.ts'
import type { IndexedEcosystem } from './index-state.ts'

const toyIndex: IndexRules = {
  format: 1,
  rootFiles: ({ publicUrl }) => [{ path: 'config.json', text: `{"url":"${publicUrl}/toy/"}\n` }],
  packageFile: ({ path, releases }) => {
    if (releases.some(({ metadata }) => metadata.isBroken === true)) throw new Error('a broken toy')
    const shown = releases.filter(({ isRemoved }) => !isRemoved)
    const lines = shown.map(({ version, isYanked, metadata }) =>
      JSON.stringify({ version, isYanked, ...metadata }),
    )
    return { path, text: lines.map((line) => `${line}\n`).join('') }
  },
}

/** Toys that have an index: a line of JSON per release. */
export const toyWithIndex: IndexedEcosystem = { ...toy, index: toyIndex }

const operator = systemActor('cli')

/** Which toy is meant by `namespace/name`. */
export function toyRef(path: string): PackageRef {
  return { ecosystem: 'toy', ...toy.parseName(path) }
}

/** Publishes a version of a toy. */
export async function publishToy(
  app: App,
  path: string,
  version: string,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const bytes = new TextEncoder().encode(`${path} ${version}`)
  await publishRelease(app, operator, toyRef(path), {
    version,
    bytes,
    digest: digestOf(bytes, 'sha256'),
    mediaType: 'application/x-toy',
    kind: '',
    metadata,
    files: [],
    tags: [],
  })
}

/** All files of the index of toys by path, as of its newest commit. */
export async function toyFiles(app: App): Promise<Record<string, string>> {
  const found: Array<[string, string]> = []
  for await (const rows of everyFile(app.database.db, 'toy')) {
    found.push(...rows.map(({ path, text }): [string, string] => [path, text]))
  }
  return Object.fromEntries(found)
}

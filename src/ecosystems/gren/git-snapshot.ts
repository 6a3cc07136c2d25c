import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { App } from '#core/app.ts'
import type { GitFile } from '#core/git/fast-import.ts'
import type { ReleaseFiles, StoredFile } from '#core/git/release-files.ts'
import type { GitSnapshot } from '#core/git/release-repository.ts'
import { readRelease } from '#core/releases/get-release.ts'

/** As the publisher's bundle was checked against. */
const MAX_JSON_BYTES = 50 * 1024 * 1024
/** The order in which the compiler writes them; what else there is comes last. */
const OUTLINE_KEYS = [
  'type',
  'platform',
  'name',
  'summary',
  'license',
  'version',
  'exposed-modules',
  'gren-version',
  'dependencies',
]
/** Files beside the bundle, and what they are called in a package's own repository. */
const BESIDE = { readme: 'README.md', license: 'LICENSE' } as const
const KERNEL = 'Gren.Kernel.'

const unzip = promisify(gunzip)

/** A release as its publisher's repository had it, as far as a compiler needs it. */
export async function snapshot(app: App, release: ReleaseFiles): Promise<GitSnapshot> {
  const bundle = release.files.get('bundle')
  if (!bundle) throw new Error('the release has no bundle')
  const { outline, sources } = await readStored(app, bundle)
  const files: GitFile[] = [{ path: 'gren.json', content: printOutline(outline) }]
  for (const [role, path] of Object.entries(BESIDE)) {
    const stored = release.files.get(role)
    if (stored) files.push({ path, content: await readRelease(app, stored) })
  }
  for (const [module, content] of Object.entries(sources)) {
    files.push({ path: pathOf(module), content })
  }
  return { message: `${outline.name} ${release.version}\n`, files }
}

/** gren.json as the compiler writes it. */
function printOutline(outline: Readonly<Record<string, unknown>>): string {
  const keys = [...new Set([...OUTLINE_KEYS, ...Object.keys(outline)])]
  const ordered = keys.flatMap((key) => (Object.hasOwn(outline, key) ? [[key, outline[key]]] : []))
  return `${JSON.stringify(Object.fromEntries(ordered), null, 4)}\n`
}

function pathOf(module: string): string {
  return `src/${module.replaceAll('.', '/')}.${module.startsWith(KERNEL) ? 'js' : 'gren'}`
}

interface StoredBundle {
  readonly outline: Readonly<Record<string, unknown>>
  readonly sources: Readonly<Record<string, string>>
}

/** It was checked when it was published. */
async function readStored(app: App, bundle: StoredFile): Promise<StoredBundle> {
  const bytes = await readRelease(app, bundle)
  const json = await unzip(bytes, { maxOutputLength: MAX_JSON_BYTES })
  return JSON.parse(json.toString('utf8'))
}

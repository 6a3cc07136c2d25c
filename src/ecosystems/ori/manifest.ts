import parseSpdx from 'spdx-expression-parse'
import { type Dependency, readDependencies } from './dependencies.ts'
import { readFeatures } from './features.ts'
import { Findings } from './findings.ts'
import { parseLooseToml } from './loose-toml.ts'
import { readName } from './name.ts'
import { isVersion } from './version.ts'

/** Where a package says what it is. */
export const MANIFEST_FILE = 'oripk.toml'

/** A manifest in one shape, whichever form it was written in: what metadata tells of a release. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string | null
  readonly authors: readonly string[]
  readonly repository: string | null
  readonly keywords: readonly string[]
  readonly categories: readonly string[]
  readonly funding: readonly string[]
  readonly edition: string | null
  /** The compiler it was written for. */
  readonly ori: string | null
  readonly entry: { readonly lib?: string; readonly main?: string }
  readonly dependencies: readonly Dependency[]
  readonly std_dependencies: readonly string[]
  readonly features: Readonly<Record<string, readonly string[]>>
  /** Other registries by name, which is the scope whose packages they have. */
  readonly registries: Readonly<Record<string, string>>
}

const TABLES = [
  'project',
  'dependencies',
  'dev-dependencies',
  'target',
  'features',
  'registries',
  'scripts',
  'publish',
  'workspace',
]
const PROJECT_FIELDS = [
  'name',
  'version',
  'ori',
  'description',
  'license',
  'authors',
  'repository',
  'keywords',
  'categories',
  'funding',
  'edition',
  'entry',
]
const MAX_PEOPLE = { items: 100, chars: 200 }
const MAX_WORDS = { items: 20, chars: 50 }

/** Reads a manifest and checks it against every rule that needs nothing else to be known. */
export function readManifest(text: string): { manifest: Manifest; findings: Findings } {
  const findings = new Findings(MANIFEST_FILE)
  const raw = parseLooseToml(text, findings)
  // What cannot be read lacks everything: to say so of each field would help nobody.
  if (findings.problems.length > 0) return { manifest: toManifest({}, new Findings('')), findings }
  return { manifest: toManifest(raw, findings), findings }
}

function toManifest(raw: Record<string, unknown>, findings: Findings): Manifest {
  checkTables(raw, findings)
  const project = findings.table('project', raw.project)
  const { pinned, std } = readDependencies(raw, findings)
  return {
    ...readIdentity(project, findings),
    ...readDescription(project, findings),
    entry: readEntry(project.entry, findings),
    dependencies: pinned,
    std_dependencies: [...std].sort(),
    features: readFeatures(raw.features, pinned, findings),
    registries: readRegistries(raw.registries, findings),
  }
}

function checkTables(raw: Record<string, unknown>, findings: Findings): void {
  findings.unknown('', raw, TABLES)
  if (raw.project === undefined) findings.refuse('required', 'there is no [project]')
  if (raw.scripts !== undefined) {
    findings.refuse(
      'scripts',
      '[scripts] is for the author alone and is taken out before packing: a package that carries it is refused, since nothing may run when it is installed',
    )
  }
  const workspace = findings.table('workspace', raw.workspace)
  findings.unknown('workspace', workspace, ['members', 'exclude', 'dependencies'])
  const publish = findings.table('publish', raw.publish)
  findings.unknown('publish', publish, ['registry', 'include', 'exclude'])
}

function readIdentity(project: Readonly<Record<string, unknown>>, findings: Findings) {
  findings.unknown('project', project, PROJECT_FIELDS)
  const name = findings.text('project.name', project.name, 200) ?? ''
  const version = findings.text('project.version', project.version, 200) ?? ''
  const ori = findings.text('project.ori', project.ori, 200) ?? null
  if (!name.startsWith('@') || !readName(name)) {
    findings.refuse('name', `project.name must be @scope/name and is ${JSON.stringify(name)}`)
  }
  if (!isVersion(version)) {
    findings.refuse(
      'version',
      `project.version must be major.minor.patch, perhaps with a pre-release, and is ${JSON.stringify(version)}`,
    )
  }
  if (ori === null) findings.refuse('required', 'project.ori must say which compiler it is for')
  else if (!isVersion(ori)) findings.refuse('ori', 'project.ori must be a version such as 0.5.0')
  return { name, version, ori }
}

function readDescription(project: Readonly<Record<string, unknown>>, findings: Findings) {
  const description = findings.text('project.description', project.description, 500)?.trim() ?? ''
  if (description === '') {
    findings.refuse('required', 'project.description is needed to publish')
  }
  const { funding } = project
  return {
    description,
    license: readLicense(project.license, findings),
    authors: findings.texts('project.authors', project.authors, MAX_PEOPLE),
    repository: readUrl('project.repository', project.repository, findings) ?? null,
    keywords: findings.texts('project.keywords', project.keywords, MAX_WORDS),
    categories: findings.texts('project.categories', project.categories, MAX_WORDS),
    funding: (Array.isArray(funding) ? funding.slice(0, 10) : [funding]).flatMap(
      (one) => readUrl('project.funding', one, findings) ?? [],
    ),
    edition: findings.text('project.edition', project.edition, 50) ?? null,
  }
}

function readLicense(raw: unknown, findings: Findings): string | null {
  const license = findings.text('project.license', raw, 200)
  if (license === undefined) return null
  try {
    parseSpdx(license)
  } catch {
    const shown = JSON.stringify(license)
    findings.refuse('license', `project.license must be an SPDX expression and is ${shown}`)
  }
  return license
}

/** Pages make links of it. */
function readUrl(where: string, raw: unknown, findings: Findings): string | undefined {
  const url = findings.text(where, raw, 500)
  if (url === undefined) return undefined
  if (/^https?:\/\/[^\s]+$/i.test(url) && URL.canParse(url)) return url
  findings.refuse('url', `${where} must be an http or https URL`)
  return undefined
}

function readEntry(raw: unknown, findings: Findings): Manifest['entry'] {
  const entry = findings.table('project.entry', raw)
  findings.unknown('project.entry', entry, ['lib', 'main'])
  const lib = findings.text('project.entry.lib', entry.lib, 500)
  const main = findings.text('project.entry.main', entry.main, 500)
  return { ...(lib !== undefined && { lib }), ...(main !== undefined && { main }) }
}

function readRegistries(raw: unknown, findings: Findings): Manifest['registries'] {
  const entries = Object.entries(findings.table('registries', raw)).flatMap(([name, value]) => {
    const where = `registries.${name.slice(0, 64)}`
    const table = findings.table(where, value)
    findings.unknown(where, table, ['url', 'auth'])
    const url = readUrl(`${where}.url`, table.url, findings)
    return url === undefined ? [] : [[name, url] as const]
  })
  return Object.fromEntries(entries)
}

import { isObject } from './bundle.ts'
import { licenseIds } from './licenses.ts'
import { isModuleName } from './modules.ts'
import { readName } from './name.ts'
import { type Findings, shown } from './problems.ts'
import { parseRange, type Range } from './range.ts'
import { isVersion } from './version.ts'

const PLATFORMS = ['common', 'browser', 'node'] as const
/** Where a package can be used; `common` is everywhere. */
export type Platform = (typeof PLATFORMS)[number]

/** A dependency as a package's gren.json writes it. */
export interface Dependency {
  /** As it is written there: authors may be in capitals. */
  readonly name: string
  readonly range: Range
}

/** What a package's gren.json says, checked. What could not be read is empty, and was noted. */
export interface Outline {
  readonly name: string
  readonly version: string
  readonly platform: Platform
  readonly summary: string
  readonly license: string
  readonly exposedModules: readonly string[]
  readonly grenVersion: Range
  readonly dependencies: readonly Dependency[]
  readonly isPrivate: boolean
}

const KEYS = [
  'type',
  'platform',
  'name',
  'summary',
  'license',
  'version',
  'exposed-modules',
  'gren-version',
  'dependencies',
  'private',
]
/** What `gren init` writes, and nobody should publish. */
const TEMPLATE_SUMMARY = 'helpful summary of your project'
const MAX_SUMMARY_CHARS = 79
const MAX_DEPENDENCIES = 500
const MAX_EXPOSED_MODULES = 2_000
const MAX_OUTLINE_CHARS = 256 * 1024
const NO_RANGE: Range = { lower: [0, 0, 0], upper: [0, 0, 1] }

/** Reads the gren.json of a package. */
export function readOutline(raw: Readonly<Record<string, unknown>>, findings: Findings): Outline {
  if (JSON.stringify(raw).length > MAX_OUTLINE_CHARS) {
    findings.refuse('outline', `has more than ${MAX_OUTLINE_CHARS} characters`)
  }
  if (raw.type !== 'package') findings.refuse('outline.type', 'only a "package" can be published')
  for (const key of Object.keys(raw)) {
    if (!KEYS.includes(key)) findings.warn(`outline.${key}`, 'is not known and ignored')
  }
  if (raw.private !== undefined && typeof raw.private !== 'boolean') {
    findings.refuse('outline.private', 'is neither true nor false')
  }
  return {
    name: readOwnName(raw.name, findings),
    version: readVersion(raw.version, findings),
    platform: readPlatform(raw.platform, findings),
    summary: readSummary(raw.summary, findings),
    license: readLicense(raw.license, findings),
    exposedModules: readExposed(raw['exposed-modules'], findings),
    grenVersion: readRange('outline.gren-version', raw['gren-version'], findings),
    dependencies: readDependencies(raw.dependencies, findings),
    isPrivate: raw.private === true,
  }
}

function readOwnName(raw: unknown, findings: Findings): string {
  if (typeof raw === 'string' && readName(raw)) return raw
  findings.refuse('outline.name', 'is not the author/project of a package')
  return ''
}

function readVersion(raw: unknown, findings: Findings): string {
  if (typeof raw === 'string' && isVersion(raw)) return raw
  findings.refuse('outline.version', 'is not three whole numbers such as 1.0.0')
  return ''
}

function readPlatform(raw: unknown, findings: Findings): Platform {
  const found = PLATFORMS.find((one) => one === raw)
  if (!found) findings.refuse('outline.platform', `is none of ${PLATFORMS.join(', ')}`)
  return found ?? 'common'
}

function readSummary(raw: unknown, findings: Findings): string {
  const text = typeof raw === 'string' ? raw : ''
  const place = 'outline.summary'
  if (text.trim() === '') findings.refuse(place, 'is not there: say what the package is for')
  else if (text.toLowerCase().includes(TEMPLATE_SUMMARY)) {
    findings.refuse(place, 'is still the text of the template: say what the package is for')
  } else if ([...text].length > MAX_SUMMARY_CHARS)
    findings.refuse(place, 'has 80 characters or more')
  else if (!text.isWellFormed() || /\p{Cc}/u.test(text)) {
    findings.refuse(place, 'is not one line of plain text')
  }
  return text
}

function readLicense(raw: unknown, findings: Findings): string {
  if (typeof raw === 'string' && licenseIds.has(raw)) return raw
  const id = typeof raw === 'string' ? raw : ''
  const older = id.replace(/-(?:only|or-later)$/, '')
  const hint = licenseIds.has(older) ? `: Gren writes ${older}` : ' such as BSD-3-Clause'
  findings.refuse('outline.license', `is none of the licence ids that Gren knows${hint}`)
  return ''
}

function readExposed(raw: unknown, findings: Findings): string[] {
  const place = 'outline.exposed-modules'
  const lists = isObject(raw) ? Object.values(raw) : [raw]
  if (!lists.every(Array.isArray)) {
    findings.refuse(place, 'is neither a list of modules nor headings with one each')
    return []
  }
  const names: unknown[] = lists.flat()
  if (names.length === 0) findings.refuse(place, 'names no module: at least one is needed')
  if (names.length > MAX_EXPOSED_MODULES) {
    findings.refuse(place, `has more than ${MAX_EXPOSED_MODULES} modules`)
    return []
  }
  const found = new Set<string>()
  for (const name of names) {
    if (typeof name !== 'string' || !isModuleName(name)) {
      findings.refuse(place, `${shown(String(name))} is not the name of a module`)
    } else if (found.has(name)) findings.refuse(place, `${name} is there twice`)
    else found.add(name)
  }
  return [...found]
}

function readDependencies(raw: unknown, findings: Findings): Dependency[] {
  const place = 'outline.dependencies'
  if (!isObject(raw)) {
    findings.refuse(place, 'is not an object of ranges')
    return []
  }
  const entries = Object.entries(raw)
  if (entries.length > MAX_DEPENDENCIES) {
    findings.refuse(place, `has more than ${MAX_DEPENDENCIES} packages`)
    return []
  }
  return entries.flatMap(([name, value]) => {
    const where = `${place}.${name}`
    if (!readName(name)) {
      findings.refuse(where, 'is not the author/project of a package')
      return []
    }
    if (typeof value === 'string' && value.startsWith('local:')) {
      findings.refuse(where, 'is on your disk only: a published package needs a range of versions')
      return []
    }
    const range = readRange(where, value, findings)
    return range === NO_RANGE ? [] : [{ name, range }]
  })
}

function readRange(where: string, raw: unknown, findings: Findings): Range {
  const range = typeof raw === 'string' ? parseRange(raw) : undefined
  if (!range) findings.refuse(where, 'is not a range such as 1.0.0 <= v < 2.0.0')
  return range ?? NO_RANGE
}

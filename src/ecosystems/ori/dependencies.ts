import { type Findings, isTable } from './findings.ts'
import { readName } from './name.ts'
import { isVersion } from './version.ts'

/** When a dependency is needed. */
type DependencyKind = 'normal' | 'dev' | 'target'

/** A pinned dependency, as metadata has it. */
export interface Dependency {
  /** `@scope/name`. */
  readonly name: string
  readonly version: string
  readonly features: readonly string[]
  readonly default_features: boolean
  readonly kind: DependencyKind
  /** The condition of `[target."cfg(…)".dependencies]`. */
  readonly target: string | null
}

/** What all dependency tables of a manifest come to. */
export interface Dependencies {
  readonly pinned: Dependency[]
  /** `std.json`: part of the compiler, never in a registry. */
  readonly std: Set<string>
}

/** Which table is being read. */
interface Place {
  readonly where: string
  readonly kind: DependencyKind
  readonly target: string | null
}

const MAX_DEPENDENCIES = 1_000
const MAX_FEATURES = { items: 100, chars: 64 }
const STD = /^std(?:\.[a-zA-Z0-9_-]{1,64}){1,8}$/
const FIELDS = ['version', 'features', 'default-features', 'default_features']

/** Whether this names a part of the standard library. */
export function isStd(name: string): boolean {
  return STD.test(name)
}

/** Reads every dependency table of a manifest. */
export function readDependencies(
  manifest: Readonly<Record<string, unknown>>,
  findings: Findings,
): Dependencies {
  const found: Dependencies = { pinned: [], std: new Set() }
  const read = (table: unknown, place: Place) => readTable(found, table, place, findings)
  read(manifest.dependencies, { where: 'dependencies', kind: 'normal', target: null })
  read(manifest['dev-dependencies'], { where: 'dev-dependencies', kind: 'dev', target: null })
  for (const [target, rawTable] of Object.entries(findings.table('target', manifest.target))) {
    const where = `target.${JSON.stringify(target)}`
    if (findings.text('a target', target, 200) === undefined) continue
    const table = findings.table(where, rawTable)
    findings.unknown(where, table, ['dependencies'])
    read(table.dependencies, { where: `${where}.dependencies`, kind: 'target', target })
  }
  if (found.pinned.length > MAX_DEPENDENCIES) {
    findings.refuse('too_long', `there are more than ${MAX_DEPENDENCIES} dependencies`)
  }
  found.pinned.sort(inOrder)
  return found
}

function readTable(found: Dependencies, raw: unknown, place: Place, findings: Findings): void {
  for (const [name, value] of Object.entries(findings.table(place.where, raw))) {
    // `std.json = true` is a table `std` to TOML.
    if (name === 'std' && isTable(value)) readStdTable(found, value, name, findings)
    else if (name.startsWith('std.')) addStd(found, name, value, findings)
    else readDependency(found, { name, value, place }, findings)
  }
}

function readStdTable(
  found: Dependencies,
  table: Record<string, unknown>,
  prefix: string,
  findings: Findings,
): void {
  for (const [part, value] of Object.entries(table)) {
    const name = `${prefix}.${part}`
    if (isTable(value) && name.length < 500) readStdTable(found, value, name, findings)
    else addStd(found, name, value, findings)
  }
}

function addStd(found: Dependencies, name: string, value: unknown, findings: Findings): void {
  if (!STD.test(name)) {
    findings.refuse('dependency_name', `${name.slice(0, 100)} is no part of std`)
  } else if (value !== true && value !== 'default') {
    findings.refuse(
      'dependency_std',
      `${name} comes with the compiler and has no version: write it alone, or = true`,
    )
  } else found.std.add(name)
}

function readDependency(
  found: Dependencies,
  { name, value, place }: { name: string; value: unknown; place: Place },
  findings: Findings,
): void {
  const shown = `${place.where}.${JSON.stringify(name.slice(0, 100))}`
  if (!name.startsWith('@') || !readName(name)) {
    findings.refuse('dependency_name', `${shown}: not the @scope/name of a package`)
    return
  }
  const table = typeof value === 'string' ? { version: value } : value
  if (!isTable(table)) {
    findings.refuse('dependency_version', `${shown}: an exact version "1.2.3" is needed`)
    return
  }
  const source = whyNotPublishable(table)
  if (source) {
    findings.refuse(source.rule, `${shown}: ${source.message}`)
    return
  }
  findings.unknown(shown, table, FIELDS)
  const { version } = table
  if (typeof version !== 'string' || !isVersion(version)) {
    findings.refuse(
      'dependency_version',
      `${shown}: an exact version such as "1.2.3" is needed; there are no ranges`,
    )
    return
  }
  found.pinned.push({
    name,
    version,
    features: findings.texts(`${shown}.features`, table.features, MAX_FEATURES),
    default_features: (table['default-features'] ?? table.default_features) !== false,
    kind: place.kind,
    target: place.target,
  })
}

function whyNotPublishable(
  table: Record<string, unknown>,
): { rule: string; message: string } | undefined {
  if (table.git !== undefined || table.rev !== undefined) {
    return { rule: 'dependency_git', message: 'a package with a git dependency is not published' }
  }
  if (table.path !== undefined) {
    return { rule: 'dependency_path', message: 'a package with a path dependency is not published' }
  }
  if (table.workspace === undefined) return undefined
  return {
    rule: 'dependency_workspace',
    message: 'write the version that the workspace gives it before publishing',
  }
}

function inOrder(a: Dependency, b: Dependency): number {
  const [left, right] = [a, b].map((one) => `${one.kind} ${one.target ?? ''} ${one.name}`)
  return (left ?? '') < (right ?? '') ? -1 : 1
}

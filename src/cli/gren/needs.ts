import { CliError } from '#cli/failure.ts'
import { isObject } from '#ecosystems/gren/bundle.ts'
import { readName } from '#ecosystems/gren/name.ts'
import { parseRange, type Range } from '#ecosystems/gren/range.ts'
import { parseVersion, type VersionParts } from '#ecosystems/gren/version.ts'

/** What an outline says that decides which packages are needed. */
export interface Needs {
  readonly platform: string
  readonly grenVersion: Range
  /** In the order of their names, as the client takes them. */
  readonly dependencies: readonly NeededPackage[]
}

/** A dependency: of a registry, or of this disk. */
type NeededPackage =
  | { readonly name: string; readonly range: Range }
  | { readonly name: string; readonly local: string }

const LOCAL = 'local:'

/** Reads the outline of a package or an application; `place` is for messages. */
export function readNeeds(outline: Readonly<Record<string, unknown>>, place: string): Needs {
  const isPackage = outline.type === 'package'
  const readRange = isPackage ? rangeOf : exactly
  return {
    platform: String(outline.platform),
    grenVersion: readRange(outline['gren-version'], `${place}: gren-version`),
    dependencies: Object.entries(dependenciesOf(outline, place))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, raw]) => readOne(name, raw, { place, readRange })),
  }
}

/** The versions that are no other: `exactly` as a range. */
export function onlyVersion([major, minor, patch]: VersionParts): Range {
  return { lower: [major, minor, patch], upper: [major, minor, patch + 1] }
}

function dependenciesOf(outline: Readonly<Record<string, unknown>>, place: string): object {
  const { dependencies } = outline
  if (isObject(dependencies) && outline.type === 'package') return dependencies
  if (isObject(dependencies)) {
    const { direct, indirect } = dependencies
    if (isObject(direct) && isObject(indirect)) return { ...indirect, ...direct }
  }
  throw damaged(`${place}: dependencies are not as the compiler writes them`)
}

function readOne(
  name: string,
  raw: unknown,
  { place, readRange }: { place: string; readRange: typeof rangeOf },
): NeededPackage {
  const where = `${place}: dependency ${name}`
  if (!readName(name)) throw damaged(`${where}: is not the author/project of a package`)
  if (typeof raw === 'string' && raw.startsWith(LOCAL)) {
    return { name, local: raw.slice(LOCAL.length) }
  }
  return { name, range: readRange(raw, where) }
}

function rangeOf(raw: unknown, where: string): Range {
  const range = typeof raw === 'string' ? parseRange(raw) : undefined
  if (range) return range
  throw damaged(`${where}: is not a range such as 1.0.0 <= v < 2.0.0`)
}

function exactly(raw: unknown, where: string): Range {
  const version = typeof raw === 'string' ? parseVersion(raw) : undefined
  if (version) return onlyVersion(version)
  throw damaged(`${where}: is not a version such as 1.0.0`)
}

function damaged(message: string): CliError {
  return new CliError(message, 'correct it, or let `gren` write it')
}

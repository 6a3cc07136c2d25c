import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { findPinned, type PinnedRelease, pinKey } from '#core/releases/find-pinned.ts'
import { findVersions, type VersionLine } from '#core/releases/find-versions.ts'
import type { ReleaseDependency } from '#core/releases/list-dependents.ts'
import { formatName, parseName } from './name.ts'
import type { Dependency, Outline } from './outline.ts'
import type { Findings } from './problems.ts'
import { formatRange, isInRange } from './range.ts'
import { compareVersions, formatVersion } from './version.ts'

/** A dependency, and what of it is here. */
interface Found {
  readonly dependency: Dependency
  readonly path: string
  readonly where: string
  /** The lowest and the highest version in range that can be had. */
  readonly ends: readonly VersionLine[]
}

/**
 * Checks what a package needs against what the registry has: each package is here, under the name
 * that it has, with a version in range that was not revoked and is for a fitting platform. Answers
 * the dependencies as they are recorded.
 */
export async function checkDependencies(
  { app, actor, ref }: { app: App; actor: Actor; ref: PackageRef },
  outline: Outline,
  findings: Findings,
): Promise<ReleaseDependency[]> {
  const own = formatName(ref)
  const distinct = new Map<string, Dependency>()
  for (const dependency of outline.dependencies) {
    const path = formatName(parseName(dependency.name))
    const where = placeOf(dependency)
    if (path === own) findings.refuse(where, 'is this package itself')
    else if (distinct.has(path)) findings.refuse(where, 'is there twice, in two spellings')
    else distinct.set(path, dependency)
  }
  const versions = await findVersions(app, actor, ref.ecosystem, [...distinct.keys()])
  const found = [...distinct].flatMap(([path, dependency]) => {
    const lines = versions.get(path) ?? []
    warnOfPrivate({ dependency, lines, outline }, findings)
    const ends = endsOf(dependency, lines, findings)
    return ends.length === 0 ? [] : [{ dependency, path, where: placeOf(dependency), ends }]
  })
  const pins = found.flatMap(({ path, ends }) => ends.map(({ version }) => ({ path, version })))
  const releases = await findPinned(app, actor, ref.ecosystem, pins)
  for (const one of found) checkRelease(one, { outline, releases }, findings)
  return found.map(({ path, dependency }) => ({ path, requirement: formatRange(dependency.range) }))
}

function placeOf({ name }: Dependency): string {
  return `outline.dependencies.${name}`
}

/** The lowest and the highest version in range; none when that was noted as a problem. */
function endsOf(
  dependency: Dependency,
  lines: readonly VersionLine[],
  findings: Findings,
): VersionLine[] {
  const where = placeOf(dependency)
  const { range } = dependency
  const left = lines.filter(({ isRemoved }) => !isRemoved)
  const inRange = left
    .filter(({ version }) => isInRange(version, range))
    .sort((a, b) => compareVersions(a.version, b.version))
  const [lowest] = inRange
  const highest = inRange.at(-1)
  if (lowest && highest) {
    const lower = formatVersion(range.lower)
    if (lowest.version !== lower) {
      findings.warn(
        where,
        `the client takes the lowest version of a range, ${lower}: it is not here`,
      )
    }
    if (inRange.every(({ isYanked }) => isYanked))
      findings.warn(where, 'all of its range is yanked')
    return lowest === highest ? [lowest] : [lowest, highest]
  }
  if (lines.length === 0) findings.refuse(where, 'is not in this registry')
  else if (lines.some(({ version }) => isInRange(version, range))) {
    findings.refuse(where, `every version in ${formatRange(range)} was revoked`)
  } else findings.refuse(where, `no version is in ${formatRange(range)}: ${newestOf(left)}`)
  return []
}

function newestOf(left: readonly VersionLine[]): string {
  const newest = left
    .map(({ version }) => version)
    .sort(compareVersions)
    .at(-1)
  return newest === undefined ? 'all were revoked' : `the newest is ${newest}`
}

function warnOfPrivate(
  seen: { dependency: Dependency; lines: readonly VersionLine[]; outline: Outline },
  findings: Findings,
): void {
  const isPrivate = seen.lines.some(({ visibility }) => visibility === 'private')
  if (!isPrivate || seen.outline.isPrivate) return
  findings.warn(placeOf(seen.dependency), 'is private: not everybody will be able to get it')
}

function checkRelease(
  { dependency, path, where, ends }: Found,
  known: { outline: Outline; releases: ReadonlyMap<string, PinnedRelease> },
  findings: Findings,
): void {
  const { outline, releases } = known
  const found = ends.flatMap(({ version }) => releases.get(pinKey({ path, version })) ?? [])
  const [first] = found
  const platforms = found.map(({ metadata }) => metadata.platform)
  const isFitting = platforms.some((one) => one === 'common' || one === outline.platform)
  if (!isFitting && first) {
    findings.refuse(where, `is for ${platforms[0]}, and this package is for ${outline.platform}`)
  }
  const spelled = (first && spelledName(first.metadata)) ?? dependency.name
  // A package that moved is called otherwise altogether, which is no spelling.
  const isSame = spelled.toLowerCase() === dependency.name.toLowerCase()
  if (isSame && spelled !== dependency.name) findings.refuse(where, `is spelled ${spelled}`)
}

/** The name of a package as its gren.json writes it: authors may be in capitals. */
function spelledName(metadata: Readonly<Record<string, unknown>>): string | undefined {
  const { name } = (metadata.outline ?? {}) as { name?: unknown }
  return typeof name === 'string' ? name : undefined
}

import type { AdvisoryDocument, AffectedPackage } from './advisory-document.ts'
import { advisoryEcosystem } from './ecosystems.ts'

/** A package as its ecosystem writes its name. */
export interface NamedPackage {
  /** The registry's id: 'ori'. */
  readonly ecosystem: string
  readonly name: string
}

type Compare = (a: string, b: string) => number
type Range = NonNullable<AffectedPackage['ranges']>[number]

/** What a document says about a package. */
function affectedIn(document: AdvisoryDocument, found: NamedPackage): AffectedPackage[] {
  const ecosystem = advisoryEcosystem(found.ecosystem)
  return document.affected.filter(
    (one) => one.package?.ecosystem === ecosystem && one.package.name === found.name,
  )
}

/** Whether a version of a package is affected (OSV, "Evaluation"); withdrawn documents affect nothing. */
export function affects(
  document: AdvisoryDocument,
  { version, ...found }: NamedPackage & { readonly version: string },
  compareVersions: Compare,
): boolean {
  if (document.withdrawn !== undefined) return false
  return affectedIn(document, found).some(
    ({ versions = [], ranges = [] }) =>
      versions.includes(version) ||
      ranges.some((range) => range.type !== 'GIT' && isWithin(range, version, compareVersions)),
  )
}

function isWithin({ events }: Range, version: string, compareVersions: Compare): boolean {
  const compare: Compare = (a, b) => {
    // "0" is before every version, in whatever form an ecosystem writes them.
    if (a === '0' || b === '0') return a === b ? 0 : a === '0' ? -1 : 1
    return compareVersions(a, b)
  }
  const limits = events.flatMap(({ limit }) => (limit === undefined ? [] : [limit]))
  const isBeforeLimits =
    limits.length === 0 || limits.some((one) => one === '*' || compare(version, one) < 0)
  if (!isBeforeLimits) return false
  const sorted = events
    .filter(({ limit }) => limit === undefined)
    .map((one) => ({ ...one, at: one.introduced ?? one.fixed ?? one.last_affected ?? '0' }))
    .sort((a, b) => compare(a.at, b.at))
  let isAffected = false
  for (const { introduced, fixed, last_affected: last } of sorted) {
    if (introduced !== undefined && compare(version, introduced) >= 0) isAffected = true
    else if (fixed !== undefined && compare(version, fixed) >= 0) isAffected = false
    else if (last !== undefined && compare(version, last) > 0) isAffected = false
  }
  return isAffected
}

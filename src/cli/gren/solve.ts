import { CliError } from '#cli/failure.ts'
import { formatRange, type Range } from '#ecosystems/gren/range.ts'
import { compareParts, formatVersion } from '#ecosystems/gren/version.ts'
import type { Needs } from './needs.ts'

/** A package that somebody needs. */
export interface Requirement {
  readonly name: string
  readonly range: Range
  /** Who needs it. */
  readonly by: string
}

/** What was chosen for a name. */
export interface Chosen {
  readonly version: string
  readonly needs: Needs
}

interface Entry {
  readonly chosen: Chosen
  range: Range
  readonly by: string
}

/** Where packages come from; it is given the lowest version of the range. */
export type Load = (requirement: Requirement, version: string) => Promise<Chosen>

/**
 * Chooses packages as the client does: breadth first, in the order of names, for each name the lowest
 * version of the range that asks for it first. All ranges for one name must have a version in common;
 * nothing is tried a second time.
 */
export async function solve(
  roots: readonly Requirement[],
  load: Load,
): Promise<ReadonlyMap<string, Chosen>> {
  const entries = new Map<string, Entry>()
  const waiting = [...roots]
  // It grows while it is walked.
  for (const requirement of waiting) {
    const { name, range, by } = requirement
    const known = entries.get(name)
    if (known) {
      known.range = both(known, requirement)
      continue
    }
    const chosen = await load(requirement, formatVersion(range.lower))
    entries.set(name, { chosen, range, by })
    for (const needed of chosen.needs.dependencies) {
      if ('range' in needed) waiting.push({ ...needed, by: name })
    }
  }
  return new Map([...entries].map(([name, { chosen }]) => [name, chosen]))
}

/** What two ranges have in common; nothing when they have not. */
export function intersect(one: Range, other: Range): Range | undefined {
  const lower = compareParts(one.lower, other.lower) > 0 ? one.lower : other.lower
  const upper = compareParts(one.upper, other.upper) < 0 ? one.upper : other.upper
  return compareParts(lower, upper) < 0 ? { lower, upper } : undefined
}

function both(known: Entry, { name, range, by }: Requirement): Range {
  const common = intersect(known.range, range)
  if (common) return common
  const wanted = [known, { range, by }].map((one) => `\n  ${one.by}: ${formatRange(one.range)}`)
  const hint = 'nothing was written; take versions of them that agree'
  throw new CliError(`no version of ${name} is right for all who need it:${wanted.join('')}`, hint)
}

import { type ImportTarget, importRelease, type Outcome } from './import-release.ts'
import type { Index, IndexEntry } from './read-index.ts'

/** A release, or a line, that was not imported. */
export interface Problem {
  readonly package: string
  readonly version?: string
  readonly reason: string
}

/** What came of an import. */
export interface ImportReport {
  readonly imported: number
  /** Were there before. */
  readonly present: number
  readonly skipped: readonly Problem[]
  readonly failed: readonly Problem[]
}

/** How far an import is, and with what. */
export type OnImport = (done: number, total: number, entry: IndexEntry) => void

/**
 * Imports an index: each package in the order of its lines, and what is needed before what needs it, as
 * it must have been published once. What is there is left alone, so that an import that was ended goes
 * on where it was.
 */
export async function importIndex(
  target: ImportTarget,
  { packages, bad }: Index,
  onProgress: OnImport,
): Promise<ImportReport> {
  const failed: Problem[] = bad.map(({ place, reason }) => ({ package: place, reason }))
  const skipped: Problem[] = []
  const counts = { imported: 0, present: 0 }
  const total = [...packages.values()].reduce((sum, releases) => sum + releases.length, 0)
  let done = 0
  await inOrder(packages, async (entry) => {
    onProgress(done, total, entry)
    const outcome = await importRelease(target, entry)
    done++
    if ('reason' in outcome) {
      const { name, version } = entry
      const problems = outcome.state === 'failed' ? failed : skipped
      problems.push({ package: name, version, reason: outcome.reason })
    } else counts[outcome.state]++
    return outcome
  })
  return { ...counts, skipped, failed }
}

/** Visits the packages in turn; one waits while what its next release needs has none yet. */
async function inOrder(
  packages: Index['packages'],
  visit: (entry: IndexEntry) => Promise<Outcome>,
): Promise<void> {
  const waiting = new Map<string, IndexEntry[]>()
  for (const [key, releases] of packages) waiting.set(key, [...releases])
  const begun = new Set<string>()
  const isReady = ({ key, needs }: IndexEntry) =>
    needs.every((need) => need === key || begun.has(need) || !waiting.has(need))
  const visitNext = async (queue: IndexEntry[]) => {
    const entry = queue.shift()
    if (entry && !('reason' in (await visit(entry)))) begun.add(entry.key)
  }
  while (waiting.size > 0) {
    const left = waiting.size
    let hasMoved = false
    for (const [key, queue] of waiting) {
      for (let next = queue[0]; next && isReady(next); next = queue[0]) {
        await visitNext(queue)
        hasMoved = true
      }
      if (queue.length === 0) waiting.delete(key)
    }
    // They wait for each other: the first one says what it lacks.
    const [stuck] = waiting.values()
    if (!hasMoved && left === waiting.size && stuck) await visitNext(stuck)
  }
}

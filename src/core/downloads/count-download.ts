import { randomUUID } from 'node:crypto'
import { type App, now } from '#core/app.ts'

const DAY_MS = 86_400_000

/** Counts of one day that are recorded together, once. */
export interface DownloadBatch {
  readonly id: string
  readonly day: number
  /** By id of the release. */
  readonly counts: Map<number, number>
}

/** What one process counted and did not record yet. */
interface Counting {
  current: DownloadBatch
  /** Complete: no count is added to these, so that trying again records the same. Oldest first. */
  readonly sealed: DownloadBatch[]
}

/** Per app, so that the two apps of a test do not mix. */
const countingOf = new WeakMap<App, Counting>()

/** Days since 1970-01-01, in UTC. */
export function dayOf(millis: number): number {
  return Math.floor(millis / DAY_MS)
}

/**
 * Counts a download: in memory only, so that it costs the download nothing. `flushDownloads` writes it
 * down a few seconds later; what a process counted since is lost when it is killed.
 */
export function countDownload(app: App, releaseId: number): void {
  const { counts } = batchOfToday(app)
  counts.set(releaseId, (counts.get(releaseId) ?? 0) + 1)
}

/** The batches that are to be recorded now. One that failed comes again as it was. */
export function sealBatches(app: App): DownloadBatch[] {
  const { sealed } = countingIn(app)
  // Until the last one is recorded, more counts wait here: not in more and more batches.
  if (sealed.length === 0) seal(app)
  return sealed
}

function batchOfToday(app: App): DownloadBatch {
  const counting = countingIn(app)
  if (counting.current.day !== dayOf(now(app))) seal(app)
  return counting.current
}

function seal(app: App): void {
  const counting = countingIn(app)
  if (counting.current.counts.size > 0) counting.sealed.push(counting.current)
  counting.current = emptyBatch(app)
}

function countingIn(app: App): Counting {
  const found = countingOf.get(app)
  if (found) return found
  const counting: Counting = { current: emptyBatch(app), sealed: [] }
  countingOf.set(app, counting)
  return counting
}

function emptyBatch(app: App): DownloadBatch {
  return { id: randomUUID(), day: dayOf(now(app)), counts: new Map() }
}

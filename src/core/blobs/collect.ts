import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Actor, systemActor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import { type BlobTally, collectBlobs } from './collect-blobs.ts'
import { collectLinks } from './collect-links.ts'
import { collectOrphanFiles, collectOrphanParts } from './collect-orphans.ts'
import type { CollectItem, CollectRun } from './collect-run.ts'
import { collectUploads } from './collect-uploads.ts'
import { rememberReclaimable } from './reclaimable.ts'

/** How to collect. */
export interface CollectOptions {
  /** Finds and counts the same, and changes nothing. */
  readonly dryRun: boolean
  /** Who the audit line names; the registry's own job unless set. */
  readonly actor?: Actor
  /** Hears of every single thing that goes (or would go). */
  readonly onItem?: (item: CollectItem) => void
  /** Hears the totals so far after every batch. */
  readonly onProgress?: (totals: CollectTotals) => void
  /** Ends early after so many batches in which something went; the next run does the rest. */
  readonly maxBatches?: number
  /** Ends early between two batches. */
  readonly signal?: AbortSignal
}

/** What went, or would go. */
export interface CollectTotals {
  expiredUploads: number
  unlinked: number
  deletedBlobs: number
  orphanFiles: number
  orphanParts: number
  /** Bytes of all of these in the store. */
  reclaimedBytes: number
}

/** The outcome of one collection. */
export interface Collected extends CollectTotals {
  /** Bytes that no release needs but that are too young to go. */
  readonly graceBytes: number
  /** False when `maxBatches` or the signal ended it early. */
  readonly isComplete: boolean
}

const COUNTER = {
  upload: 'expiredUploads',
  link: 'unlinked',
  blob: 'deletedBlobs',
  file: 'orphanFiles',
  part: 'orphanParts',
} as const satisfies Record<CollectItem['kind'], keyof CollectTotals>

/**
 * Removes what nobody can need any more, while the registry works: in small batches, each a short
 * transaction that checks again what it takes, then the store. Ending anywhere loses nothing: what
 * lost its row but not its bytes is an orphan for the next run.
 */
export async function collectGarbage(app: App, options: CollectOptions): Promise<Collected> {
  const run: CollectRun = { app, dryRun: options.dryRun }
  const totals: CollectTotals = {
    expiredUploads: 0,
    unlinked: 0,
    deletedBlobs: 0,
    orphanFiles: 0,
    orphanParts: 0,
    reclaimedBytes: 0,
  }
  const tally: BlobTally = { graceBytes: 0 }
  try {
    const isComplete = await drain(options, totals, [
      collectUploads(run),
      collectLinks(run),
      collectBlobs(run, tally),
      collectOrphanFiles(run),
      collectOrphanParts(run),
    ])
    if (isComplete && !run.dryRun) await rememberReclaimable(app, tally.graceBytes)
    return { ...totals, graceBytes: tally.graceBytes, isComplete }
  } finally {
    // Also after a failure: what went, went.
    if (!run.dryRun) await record(app, options.actor ?? systemActor('job'), totals)
  }
}

/** Runs the steps one after the other; false when it ended early. */
async function drain(
  options: CollectOptions,
  totals: CollectTotals,
  steps: ReadonlyArray<AsyncIterable<CollectItem[]>>,
): Promise<boolean> {
  let batches = 0
  for (const step of steps) {
    for await (const items of step) {
      for (const item of items) {
        totals[COUNTER[item.kind]]++
        totals.reclaimedBytes += item.bytes
        options.onItem?.(item)
      }
      options.onProgress?.(totals)
      if (items.length > 0) batches++
      if (options.signal?.aborted || batches >= (options.maxBatches ?? Infinity)) return false
      // Requests that came in meanwhile go first.
      await nextTurn()
    }
  }
  return true
}

async function record(app: App, actor: Actor, totals: CollectTotals): Promise<void> {
  const { reclaimedBytes, ...counts } = totals
  if (Object.values(counts).every((count) => count === 0)) return
  await change(app, (tx) =>
    audit(app, tx, actor, {
      action: 'blobs.collect',
      subject: 'registry',
      detail: { ...counts, reclaimedBytes },
    }),
  )
}

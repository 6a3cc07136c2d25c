import { setImmediate as nextTurn } from 'node:timers/promises'
import type { App } from '#core/app.ts'
import { collectOrphanFiles } from '#core/blobs/collect-orphans.ts'
import type { Schema } from '#core/db/schema.ts'
import { checkLinks, checkNamespaces } from './check-accounts.ts'
import { checkBlobs } from './check-blobs.ts'
import { checkIndex } from './check-index.ts'
import { checkLog } from './check-log.ts'
import { checkFiles, checkReleases, checkTags } from './check-releases.ts'
import { checkSearch } from './check-search.ts'
import { checkUploads } from './check-uploads.ts'
import type { Check, Problem, VerifyRun } from './problem.ts'

/** What is checked, in this order: the table whose rows are counted, and how. */
const CHECKS = {
  blobs: checkBlobs,
  releases: checkReleases,
  releaseFiles: checkFiles,
  tags: checkTags,
  packageBlobs: checkLinks,
  namespaces: checkNamespaces,
  uploads: checkUploads,
  packages: checkSearch,
  logEntries: checkLog,
  indexFiles: checkIndex,
} as const satisfies Partial<Record<keyof Schema, Check>>

type Checked = keyof typeof CHECKS

const CHECKED = Object.keys(CHECKS) as readonly Checked[]

/** How far a verification is. */
export interface VerifyProgress {
  readonly done: number
  readonly total: number
  /** The table that is being checked. */
  readonly what: Checked
}

/** How to verify. */
export interface VerifyOptions {
  /** Also reads every byte and computes its digest again. */
  readonly checkBytes: boolean
  readonly onProblem: (problem: Problem) => void
  /** Hears of what the store has and no row tells of: no problem, collection will take it. */
  readonly onOrphan?: (locator: string) => void
  readonly onProgress?: (progress: VerifyProgress) => void
}

/** The outcome. */
export interface Verified {
  /** Rows checked, by table. */
  readonly checked: Readonly<Record<Checked, number>>
  readonly problems: number
  /** Files in the store without a row. */
  readonly orphans: number
}

/**
 * Checks that everything the registry remembers is there and fits together. Changes nothing, may
 * run while the registry works, and reads in pages: memory stays flat.
 */
export async function verify(app: App, options: VerifyOptions): Promise<Verified> {
  let problems = 0
  const run: VerifyRun = {
    app,
    checkBytes: options.checkBytes,
    report(problem) {
      problems++
      options.onProblem(problem)
    },
  }
  const totals = await countRows(app)
  const total = sum(totals)
  const checked = { ...totals }
  for (const what of CHECKED) checked[what] = 0
  for (const what of CHECKED) {
    for await (const rows of CHECKS[what](run)) {
      checked[what] += rows
      const done = sum(checked)
      // Rows come and go meanwhile.
      options.onProgress?.({ done, total: Math.max(done, total), what })
      await nextTurn()
    }
  }
  return { checked, problems, orphans: await countOrphans(app, options.onOrphan) }
}

async function countRows(app: App): Promise<Record<Checked, number>> {
  const counted = CHECKED.map(async (table) => {
    const row = await app.database.db
      .selectFrom(table)
      .select((e) => e.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return [table, Number(row.count)] as const
  })
  return Object.fromEntries(await Promise.all(counted)) as Record<Checked, number>
}

async function countOrphans(app: App, onOrphan: VerifyOptions['onOrphan']): Promise<number> {
  let orphans = 0
  for await (const items of collectOrphanFiles({ app, dryRun: true })) {
    orphans += items.length
    for (const item of items) onOrphan?.(item.name)
  }
  return orphans
}

function sum(counts: Readonly<Record<Checked, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

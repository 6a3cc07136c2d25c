import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { formatBytes, note, plural, print, printJson, wantsJson } from '#cli/output.ts'
import { type Progress, startProgress } from '#cli/progress.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { type Collected, type CollectTotals, collectGarbage } from '#core/blobs/collect.ts'
import type { CollectItem } from '#core/blobs/collect-run.ts'

interface Options {
  readonly dryRun?: boolean
}

/** `gc`. */
export function gc(): Command {
  return newCommand({
    name: 'gc',
    description: 'Remove content that nothing refers to any more; safe while the server runs',
    examples: ['gc --dry-run', 'gc'],
  })
    .option('--dry-run', 'list what would go, and remove nothing')
    .action(async ({ dryRun = false }: Options, command: Command) => {
      const items: CollectItem[] = []
      const progress = startProgress(dryRun ? 'looking' : 'collecting')
      const collected = await withApp(command, (app) =>
        collectGarbage(app, {
          dryRun,
          actor: CLI,
          signal: stopSignal(progress),
          onItem: (item) => {
            if (dryRun && wantsJson(command)) items.push(item)
            else if (dryRun) printItem(item, progress)
          },
          onProgress: (totals) => progress.update(stateOf(totals)),
        }),
      )
      progress.clear()
      if (wantsJson(command)) printJson({ dryRun, ...collected, ...(dryRun && { items }) })
      else summarize(collected, dryRun)
      if (!collected.isComplete) process.exitCode = 1
    })
}

/** Ctrl-C ends the collection between two batches. */
function stopSignal(progress: Progress): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      progress.clear()
      note('entrepot: stopping after this batch')
      stop.abort()
    })
  }
  return stop.signal
}

function printItem({ kind, name, bytes }: CollectItem, progress: Progress): void {
  progress.clear()
  print(`${kind}\t${bytes}\t${name}`)
}

function stateOf(totals: CollectTotals) {
  return { done: countOf(totals), note: formatBytes(totals.reclaimedBytes) }
}

function countOf(totals: CollectTotals): number {
  const { expiredUploads, unlinked, deletedBlobs, orphanFiles, orphanParts } = totals
  return expiredUploads + unlinked + deletedBlobs + orphanFiles + orphanParts
}

/** On a dry run stdout is the list, so the summary goes beside it. */
function summarize(collected: Collected, dryRun: boolean): void {
  const { expiredUploads, unlinked, deletedBlobs, orphanFiles, orphanParts } = collected
  const counts = [
    plural(deletedBlobs, 'blob'),
    plural(unlinked, 'link'),
    plural(expiredUploads, 'expired upload'),
    plural(orphanFiles, 'orphan file'),
    plural(orphanParts, 'orphan part'),
  ]
  const say = dryRun ? note : print
  const bytes = formatBytes(collected.reclaimedBytes)
  say(`${dryRun ? 'would remove' : 'removed'} ${counts.join(', ')}: ${bytes}`)
  if (collected.graceBytes > 0) {
    say(`${formatBytes(collected.graceBytes)} more can go when their grace time (gc.grace) is over`)
  }
  if (!collected.isComplete) say('stopped early; the next run does the rest')
}

import type { App } from '#core/app.ts'
import type { Package } from '#core/packages/package.ts'
import type { Git } from './git.ts'
import { openReleaseRepository, type ReleaseShape } from './release-repository.ts'

/** So that a burst of publishes is one update, or a few. */
const UPDATE_AFTER_MS = 1_000

const waitingOf = new WeakMap<Git, Set<number>>()

/**
 * Brings a package's repository up to date in a moment, so that the next clone need not. Nothing is
 * lost when that does not happen: whoever reads brings it up to date as well.
 */
export function updateRepositorySoon(app: App, from: Package, shape: ReleaseShape): void {
  const waiting = waitingOf.get(app.git) ?? new Set<number>()
  waitingOf.set(app.git, waiting)
  if (waiting.has(from.id)) return
  waiting.add(from.id)
  const timer = setTimeout(() => {
    waiting.delete(from.id)
    openReleaseRepository(app, from, shape).catch((error: unknown) => {
      app.log.debug({ err: error, package: from.path }, 'a git repository was not updated yet')
    })
  }, UPDATE_AFTER_MS)
  // Nobody waits for it.
  timer.unref()
}

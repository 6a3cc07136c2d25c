import type { App } from '#core/app.ts'

const wakersOf = new WeakMap<App, Set<() => void>>()

/** Calls `wake` whenever this process logged something; returns how to end that. */
export function onLogged(app: App, wake: () => void): () => void {
  const wakers = wakersOf.get(app) ?? new Set()
  wakersOf.set(app, wakers)
  wakers.add(wake)
  return () => wakers.delete(wake)
}

/** Tells the sequencers of this process that there is something to do. */
export function wakeSequencers(app: App): void {
  for (const wake of wakersOf.get(app) ?? []) wake()
}

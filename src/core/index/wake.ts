import type { App } from '#core/app.ts'

const wakersOf = new WeakMap<App, Set<() => void>>()

/** Calls `wake` whenever this process changed what an index tells; returns how to end that. */
export function onIndexChange(app: App, wake: () => void): () => void {
  const wakers = wakersOf.get(app) ?? new Set()
  wakersOf.set(app, wakers)
  wakers.add(wake)
  return () => wakers.delete(wake)
}

/** Tells the index writers of this process that there is something to do. */
export function wakeIndexWriters(app: App): void {
  for (const wake of wakersOf.get(app) ?? []) wake()
}

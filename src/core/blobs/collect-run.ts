import { type App, now } from '#core/app.ts'

/** One thing that collection takes. */
export interface CollectItem {
  readonly kind: 'upload' | 'link' | 'blob' | 'file' | 'part'
  /** Its id, digest (a link: 'package 12 sha256:…') or name in the store. */
  readonly name: string
  /** What the store gains by it. */
  readonly bytes: number
}

/** What every step of a collection knows. A step yields batches of what it took, also empty ones. */
export interface CollectRun {
  readonly app: App
  readonly dryRun: boolean
}

/** Rows looked at by one query: a few milliseconds of SQLite, which blocks while it reads. */
export const READ_ROWS = 500
/** Rows changed by one transaction: others may write again after a few milliseconds. */
export const WRITE_ROWS = 50

/** What was made or linked before this moment has outlived its grace. */
export function graceCutoff(app: App): number {
  return now(app) - app.settings.gcGraceSeconds * 1000
}

/** Cuts a list into pieces of at most `size`. */
export function* pieces<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

/** Gathers a stream into lists of at most `size`. */
export async function* gather<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let gathered: T[] = []
  for await (const item of items) {
    gathered.push(item)
    if (gathered.length < size) continue
    yield gathered
    gathered = []
  }
  if (gathered.length > 0) yield gathered
}

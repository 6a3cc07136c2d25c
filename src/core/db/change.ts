import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { Tx } from './schema.ts'

const MAX_ATTEMPTS = 6

/** What a running transaction will do once it is committed. */
interface Pending {
  readonly topics: Set<string>
  readonly afterCommit: Array<() => void>
}

const pendingOf = new WeakMap<Tx, Pending>()

/**
 * Runs one change as one transaction: rows, audit line and jobs together or not at all.
 * `work` may run several times and must touch nothing but the transaction.
 */
export async function change<T>(app: App, work: (tx: Tx) => Promise<T>): Promise<T> {
  const { db, dialect } = app.database
  for (let attempt = 1; ; attempt++) {
    const pending: Pending = { topics: new Set(), afterCommit: [] }
    try {
      const result = await db.transaction().execute(async (tx) => {
        pendingOf.set(tx, pending)
        const result = await work(tx)
        if (pending.topics.size > 0) await dialect.announce(tx, [...pending.topics])
        return result
      })
      app.cache.drop(pending.topics)
      for (const act of pending.afterCommit) act()
      return result
    } catch (error) {
      if (attempt < MAX_ATTEMPTS && dialect.isRetryable(error)) continue
      throw asRegistryError(app, error)
    }
  }
}

/** Marks what readers may have in memory under a topic as stale from this commit on. */
export function changed(tx: Tx, ...topics: string[]): void {
  for (const topic of topics) pending(tx).topics.add(topic)
}

/** Runs once the transaction is committed; must not throw. */
export function afterCommit(tx: Tx, act: () => void): void {
  pending(tx).afterCommit.push(act)
}

function pending(tx: Tx): Pending {
  const found = pendingOf.get(tx)
  if (!found) throw new Error('a change must run inside change()')
  return found
}

function asRegistryError(app: App, error: unknown): unknown {
  const { dialect } = app.database
  if (dialect.isFull(error)) {
    return new RegistryError('storage_full', 'the database is out of space', { cause: error })
  }
  if (dialect.isForeignKeyViolation(error)) {
    const message = 'something that this refers to was deleted meanwhile: look again'
    return new RegistryError('conflict', message, { cause: error })
  }
  if (dialect.isUniqueViolation(error)) {
    const message = 'somebody else made or named the same meanwhile: look again'
    return new RegistryError('conflict', message, { cause: error })
  }
  if (dialect.isUnreachable(error)) {
    return new RegistryError('unavailable', 'the database does not answer', {
      cause: error,
      retryAfterSeconds: 2,
    })
  }
  return error
}

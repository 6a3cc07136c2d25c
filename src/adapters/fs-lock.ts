import { isSqliteBusy, openDatabase } from '#runtime/sqlite.ts'

/** A lock that this process holds until it lets go or ends, however it ends. */
export interface HeldLock {
  release(): void
}

/**
 * Takes a lock on a file, shared with others or alone; undefined when somebody else's prevents it.
 * The lock is SQLite's own on an empty database: both runtimes have it, and the system frees it
 * when a process is killed.
 */
export function tryLock(path: string, mode: 'shared' | 'exclusive'): HeldLock | undefined {
  const database = openDatabase(path)
  try {
    database.exec('pragma busy_timeout = 0')
    if (mode === 'exclusive') database.exec('begin exclusive')
    else {
      database.exec('begin')
      // A transaction holds nothing before it reads.
      database.prepare('select count(*) as count from sqlite_master').all([])
    }
  } catch (error) {
    database.close()
    if (isSqliteBusy(error)) return undefined
    throw error
  }
  return {
    release() {
      // Bun keeps a closed connection, and so its lock, while statements of it are alive.
      database.exec('rollback')
      database.close()
    },
  }
}

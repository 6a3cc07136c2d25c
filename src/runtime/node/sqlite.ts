import { DatabaseSync } from 'node:sqlite'
import {
  bindable,
  changesSchema,
  isBusyCode,
  isDiskFullCode,
  isForeignKeyCode,
  isUniqueCode,
  StatementCache,
} from '../sqlite-shared.ts'
import type { SqliteConnection, SqliteOptions, SqliteStatement } from '../types.ts'

/** Opens a database file, creating it unless it is to be read only. */
export function openDatabase(path: string, options: SqliteOptions = {}): SqliteConnection {
  const db = new DatabaseSync(path, { readOnly: options.readonly ?? false })
  db.exec('PRAGMA foreign_keys = ON')
  const statements = new StatementCache((sql) => wrap(db, sql, () => statements.clear()))
  return {
    prepare: (sql) => statements.get(sql),
    exec(sql) {
      statements.clear()
      db.exec(sql)
    },
    close() {
      statements.clear()
      db.close()
    },
  }
}

function wrap(db: DatabaseSync, sql: string, forgetStatements: () => void): SqliteStatement {
  const statement = db.prepare(sql)
  const afterRun = changesSchema(sql) ? forgetStatements : undefined
  return {
    reader: statement.columns().length > 0,
    // Node's rows have no prototype; Bun's are plain objects, and so are ours.
    all: (params) => statement.all(...bindable(params)).map((row) => ({ ...row })),
    run(params) {
      const { changes, lastInsertRowid } = statement.run(...bindable(params))
      afterRun?.()
      return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) }
    },
    *iterate(params) {
      for (const row of db.prepare(sql).iterate(...bindable(params))) yield { ...row }
    },
  }
}

/** True when another connection holds the lock; trying again may cure it. */
export function isSqliteBusy(error: unknown): boolean {
  return isBusyCode(codeOf(error))
}

/** True when another row holds the same unique or primary key. */
export function isUniqueViolation(error: unknown): boolean {
  return isUniqueCode(codeOf(error))
}

/** True when a reference to another row would dangle. */
export function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof Error && isForeignKeyCode(codeOf(error), error.message)
}

/** True when there is no space left to write. */
export function isDiskFull(error: unknown): boolean {
  return isDiskFullCode(codeOf(error))
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}

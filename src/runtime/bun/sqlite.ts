import { Database, SQLiteError } from 'bun:sqlite'
import {
  bindable,
  changesSchema,
  isBusyCode,
  isDiskFullCode,
  isForeignKeyCode,
  isUniqueCode,
  StatementCache,
} from '../sqlite-shared.ts'
import type { SqliteConnection, SqliteOptions, SqliteRow, SqliteStatement } from '../types.ts'

/** Opens a database file, creating it unless it is to be read only. */
export function openDatabase(path: string, options: SqliteOptions = {}): SqliteConnection {
  const readonly = options.readonly ?? false
  const db = new Database(path, readonly ? { readonly } : { readwrite: true, create: true })
  db.run('PRAGMA foreign_keys = ON')
  const statements = new StatementCache((sql) => wrap(db, sql, () => statements.clear()))
  return {
    prepare: (sql) => statements.get(sql),
    exec(sql) {
      statements.clear()
      db.run(sql)
    },
    close() {
      statements.clear()
      db.close()
    },
  }
}

function wrap(db: Database, sql: string, forgetStatements: () => void): SqliteStatement {
  const statement = db.prepare<SqliteRow, ReturnType<typeof bindable>>(sql)
  const afterRun = changesSchema(sql) ? forgetStatements : undefined
  return {
    reader: statement.columnNames.length > 0,
    all: (params) => statement.all(...bindable(params)),
    run(params) {
      const { changes, lastInsertRowid } = statement.run(...bindable(params))
      afterRun?.()
      return { changes, lastInsertRowid: Number(lastInsertRowid) }
    },
    iterate: (params) =>
      db.prepare<SqliteRow, ReturnType<typeof bindable>>(sql).iterate(...bindable(params)),
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
  return error instanceof SQLiteError ? error.errno : undefined
}

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_FULL = 13
const SQLITE_IOERR_SHMSIZE = 4874
const SQLITE_CONSTRAINT_FOREIGNKEY = 787
const SQLITE_CONSTRAINT_TRIGGER = 1811
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555
const SQLITE_CONSTRAINT_UNIQUE = 2067
const SQLITE_CONSTRAINT_ROWID = 2579

const MAX_STATEMENTS = 500
const MAX_INTEGER = 2n ** 63n

/** A value that both runtimes bind alike. */
export type Bindable = string | number | bigint | null | Uint8Array

/** Checks parameters. Left alone, Bun takes undefined for NULL and wraps integers above 2^63. */
export function bindable(params: readonly unknown[]): Bindable[] {
  return params.map((value) => {
    switch (typeof value) {
      case 'string':
      case 'number':
        return value
      case 'boolean':
        return value ? 1 : 0
      case 'bigint':
        if (value >= MAX_INTEGER || value < -MAX_INTEGER) {
          throw new RangeError('integer parameter does not fit in 64 bits')
        }
        return value
      default:
        if (value === null || value instanceof Uint8Array) return value
        throw new TypeError(`cannot bind ${typeof value} as an SQL parameter`)
    }
  })
}

/** The statements of one connection, least recently used first. */
export class StatementCache<Statement> {
  readonly #statements = new Map<string, Statement>()
  readonly #prepare: (sql: string) => Statement

  constructor(prepare: (sql: string) => Statement) {
    this.#prepare = prepare
  }

  /** The kept statement for this text, or a new one. */
  get(sql: string): Statement {
    const statement = this.#statements.get(sql) ?? this.#prepare(sql)
    this.#statements.delete(sql)
    this.#statements.set(sql, statement)
    if (this.#statements.size > MAX_STATEMENTS) this.#forgetOldest()
    return statement
  }

  /** Forgets all, for when the tables changed. */
  clear(): void {
    this.#statements.clear()
  }

  #forgetOldest(): void {
    const [oldest] = this.#statements.keys()
    if (oldest !== undefined) this.#statements.delete(oldest)
  }
}

/** True for text that changes tables: statements made before may have stale columns. */
export function changesSchema(sql: string): boolean {
  return /^\s*(create|alter|drop|vacuum|attach|detach)\b/i.test(sql)
}

/** Another connection holds the lock. */
export function isBusyCode(code: number | undefined): boolean {
  const primary = (code ?? 0) & 0xff
  return primary === SQLITE_BUSY || primary === SQLITE_LOCKED
}

/** No space left, also when it is the WAL's shared memory file that cannot grow. */
export function isDiskFullCode(code: number | undefined): boolean {
  return code === SQLITE_FULL || code === SQLITE_IOERR_SHMSIZE
}

/** Another row holds the same key. */
export function isUniqueCode(code: number | undefined): boolean {
  return (
    code === SQLITE_CONSTRAINT_UNIQUE ||
    code === SQLITE_CONSTRAINT_PRIMARYKEY ||
    code === SQLITE_CONSTRAINT_ROWID
  )
}

/** A reference would dangle. SQLite reports ON DELETE RESTRICT as a trigger's failure. */
export function isForeignKeyCode(code: number | undefined, message: string): boolean {
  if (code === SQLITE_CONSTRAINT_FOREIGNKEY) return true
  return code === SQLITE_CONSTRAINT_TRIGGER && message.startsWith('FOREIGN KEY')
}

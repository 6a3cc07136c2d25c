import { type Compilable, type CompiledQuery, type RawBuilder, sql } from 'kysely'
import type { Db } from './schema.ts'

/** Stands for a value that is only known when the query runs. */
class Placeholder {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Makes a placeholder where the query builder wants a value. */
export type Param<P> = <K extends keyof P & string>(name: K) => RawBuilder<P[K]>

/**
 * A query that is built and compiled once and then runs with ever new values: for the few that every
 * push runs, where building costs more than running. Results come back as from any other query.
 */
export function prepared<P extends Record<string, unknown>, O>(
  build: (db: Db, param: Param<P>) => Compilable<O>,
): (db: Db, values: P) => Promise<{ rows: O[]; affected: bigint }> {
  // One per database: the SQL of two kinds differs.
  const compiled = new WeakMap<object, CompiledQuery<O>>()
  const param: Param<P> = (name) => sql`${new Placeholder(name)}`
  return async (db, values) => {
    const { adapter } = db.getExecutor()
    let query = compiled.get(adapter)
    if (!query) {
      query = build(db, param).compile()
      compiled.set(adapter, query)
    }
    const parameters = query.parameters.map((one) =>
      one instanceof Placeholder ? values[one.name] : one,
    )
    const { rows, numAffectedRows } = await db.executeQuery<O>({ ...query, parameters })
    return { rows, affected: numAffectedRows ?? 0n }
  }
}

import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Json, Schema } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'

/** What people note about a namespace or project, by key. */
export type Labels = Readonly<Record<string, string>>

/** A label to look for: with that value, or with any. */
export interface LabelFilter {
  readonly key: string
  readonly value?: string
}

const MAX_LABELS = 64
const MAX_KEY_CHARS = 128
const MAX_VALUE_CHARS = 1024
const MAX_FILTERS = 16

/**
 * Quotes, backslashes and control characters would make `hasLabel` ambiguous; so would a first
 * character that can follow a closing quote.
 */
const KEY = /^(?![:,}])[^"\\\p{Cc}\p{Cs}]+$/u

/** Checks a map of labels and writes it as it is stored. */
export function writeLabels(labels: Labels): Json {
  const entries = Object.entries(labels)
  if (entries.length > MAX_LABELS) {
    throw new RegistryError('invalid_request', `at most ${MAX_LABELS} labels are allowed`)
  }
  for (const [key, value] of entries) {
    if (key.length > MAX_KEY_CHARS || !KEY.test(key)) {
      throw new RegistryError(
        'invalid_request',
        `a label's key is 1 to ${MAX_KEY_CHARS} characters without quotes or backslashes, and begins with none of : , }`,
      )
    }
    if (typeof value !== 'string' || value.length > MAX_VALUE_CHARS) {
      throw new RegistryError(
        'invalid_request',
        `a label's value is a text of at most ${MAX_VALUE_CHARS} characters`,
      )
    }
  }
  return JSON.stringify(Object.fromEntries(entries))
}

/** Labels as they are stored. */
export function readLabels(json: Json): Labels {
  return JSON.parse(json) as Labels
}

/** Whether two maps say the same, in whatever order. */
export function isSameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

/** Refuses more filters than one question needs. */
export function checkLabelFilters(filters: readonly LabelFilter[]): void {
  if (filters.length > MAX_FILTERS) {
    throw new RegistryError(
      'invalid_request',
      `at most ${MAX_FILTERS} labels can be asked for at once`,
    )
  }
}

type Labelled = 'namespaces' | 'projects'

/**
 * The condition that a row has a label, set by whomever. Both databases find `"key":"value"` in the
 * text as it was written: quotes inside of values are escaped there and keys have none, and no key
 * begins like what follows a closing quote, so it occurs only where it is a whole entry. (`like` would ignore case on one of them.)
 */
export function hasLabel(
  eb: ExpressionBuilder<Schema, Labelled>,
  table: Labelled,
  filter: LabelFilter,
): Expression<SqlBool> {
  return eb.or([
    textHasLabel(eb.ref(`${table}.consumerLabels`), filter),
    textHasLabel(eb.ref(`${table}.providerLabels`), filter),
  ])
}

/** The same for any text that `writeLabels` wrote, or several such texts in one. */
export function textHasLabel(text: Expression<Json>, filter: LabelFilter): Expression<SqlBool> {
  if (!KEY.test(filter.key)) return sql<SqlBool>`1 = 0`
  const value = filter.value === undefined ? '' : JSON.stringify(filter.value)
  const entry = `${JSON.stringify(filter.key)}:${value}`
  return sql<SqlBool>`replace(${text}, ${entry}, '') <> ${text}`
}

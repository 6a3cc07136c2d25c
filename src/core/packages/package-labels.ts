import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { Json, Schema } from '#core/db/schema.ts'
import {
  type LabelFilter,
  type Labels,
  textHasLabel,
  writeLabels,
} from '#core/namespaces/labels.ts'

/** A package's labels, by who sets them. */
export interface PackageLabels {
  readonly consumerLabels: Labels
  readonly providerLabels: Labels
}

/** Both maps in one text: a pair, so that no key of ours can be mistaken for a label's. */
export function writePackageLabels({ consumerLabels, providerLabels }: PackageLabels): Json {
  return `[${writeLabels(consumerLabels)},${writeLabels(providerLabels)}]`
}

/** Labels as they are stored; an empty object where nobody set any. */
export function readPackageLabels(json: Json): PackageLabels {
  const stored: unknown = JSON.parse(json)
  const [consumerLabels = {}, providerLabels = {}] = (
    Array.isArray(stored) ? stored : []
  ) as Labels[]
  return { consumerLabels, providerLabels }
}

/** The condition that a package has a label, set by whomever. */
export function hasPackageLabel(filter: LabelFilter): Expression<SqlBool> {
  const eb = expressionBuilder<Schema, 'packages'>()
  return textHasLabel(eb.ref('packages.labels'), filter)
}

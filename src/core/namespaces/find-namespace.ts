import { type Param, prepared } from '#core/db/prepared.ts'
import type { Db, Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { type Labels, readLabels } from './labels.ts'
import { readNamespaceName } from './namespace-name.ts'

/** Who owns names. */
export interface Namespace {
  readonly id: number
  readonly name: string
  readonly key: string
  readonly status: Row<'namespaces'>['status']
  /** Quotas; null is unlimited. */
  readonly maxBytes: number | null
  readonly maxPackages: number | null
  readonly maxProjects: number | null
  readonly usedBytes: number
  readonly consumerLabels: Labels
  readonly providerLabels: Labels
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** The namespace of that name, in any spelling; also one that is being deleted. */
export async function findNamespace(db: Db, rawName: string): Promise<Namespace | undefined> {
  const parsed = readNamespaceName(rawName)
  if (!parsed) return undefined
  const { rows } = await namespaceByKey(db, { key: parsed.key })
  return rows[0] && toNamespace(rows[0])
}

const namespaceByKey = prepared((db, param: Param<{ key: string }>) =>
  db.selectFrom('namespaces').selectAll().where('key', '=', param('key')),
)

/** The namespace of that name; throws `namespace_unknown`. */
export async function getNamespace(db: Db, rawName: string): Promise<Namespace> {
  const namespace = await findNamespace(db, rawName)
  if (!namespace) throw namespaceUnknown(rawName)
  return namespace
}

/** What is thrown for a namespace that is not there. */
export function namespaceUnknown(rawName: string): RegistryError {
  return new RegistryError('namespace_unknown', `there is no namespace ${rawName.slice(0, 128)}`)
}

/** The namespace in a row. */
export function toNamespace(row: Row<'namespaces'>): Namespace {
  return {
    ...row,
    consumerLabels: readLabels(row.consumerLabels),
    providerLabels: readLabels(row.providerLabels),
  }
}

import type { Actor } from '#core/access/actor.ts'
import { actsAsOperator } from '#core/access/acts-as-operator.ts'
import { can } from '#core/access/can.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { Db, Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { AdvisoryDocument } from './advisory-document.ts'

/** A draft is seen by operators and by the admins of its packages; the rest is for everybody. */
export type AdvisoryState = Row<'advisories'>['state']

/** A document and what became of it. */
export interface Advisory {
  readonly id: string
  readonly state: AdvisoryState
  readonly document: AdvisoryDocument
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

/** The advisory in a row. */
export function toAdvisory(row: Row<'advisories'>): Advisory {
  const { name, state, document, modifiedAt } = row
  return { id: name, state, document: JSON.parse(document), modifiedAt }
}

/** What is thrown for an advisory that is not there, or not for this actor. */
export function advisoryUnknown(id: string): RegistryError {
  return new RegistryError('advisory_unknown', `there is no advisory ${id.slice(0, 128)}`)
}

/**
 * Advisories without those about packages that are hidden from the actor. One about a private
 * package stays hidden when that package is deleted; operators alone see it then.
 */
export function selectVisible(db: Db, actor: Actor) {
  const all = db.selectFrom('advisories').selectAll('advisories')
  if (actsAsOperator(actor)) return all
  return all.where(({ not, exists, selectFrom, and, or }) =>
    not(
      exists(
        selectFrom('advisoryPackages')
          .leftJoin('packages', 'packages.id', 'advisoryPackages.packageId')
          .select('advisoryPackages.name')
          .whereRef('advisoryPackages.advisoryId', '=', 'advisories.id')
          .where((eb) =>
            or([
              and([eb('packages.id', 'is', null), eb('advisoryPackages.isPrivate', '=', 1)]),
              and([eb('packages.id', 'is not', null), eb.not(visiblePackages(actor))]),
            ]),
          ),
      ),
    ),
  )
}

/** Whether the actor may handle a draft: all its packages are here, and theirs to manage. */
export async function mayHandleDraft(db: Db, actor: Actor, advisoryId: number): Promise<boolean> {
  if (actsAsOperator(actor)) return true
  const rows = await db
    .selectFrom('advisoryPackages')
    .leftJoin('packages', 'packages.id', 'advisoryPackages.packageId')
    .select(['packages.id', 'packages.namespaceId', 'packages.visibility'])
    .where('advisoryId', '=', advisoryId)
    .execute()
  return (
    rows.length > 0 &&
    rows.every(({ id, namespaceId, visibility }) => {
      if (id === null || namespaceId === null || visibility === null) return false
      return can(actor, 'manage', { namespaceId, package: { id, visibility } })
    })
  )
}

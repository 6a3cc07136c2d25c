import type { App } from '#core/app.ts'
import type { Package } from '#core/packages/package.ts'

/** Somebody who may publish in one package. */
export interface PublishingOwner {
  readonly id: number
  readonly name: string
}

/**
 * The owners of a package who may publish in it, whoever first. For protocols that tell everybody who
 * owns a package: the members of its namespace are nobody's business and not among them. The caller
 * has checked that the package may be read.
 */
export function listPublishingOwners(app: App, of: Package): Promise<PublishingOwner[]> {
  return app.database.db
    .selectFrom('packageOwners')
    .innerJoin('users', 'users.id', 'packageOwners.userId')
    .select(['users.id', 'users.name'])
    .where('packageOwners.packageId', '=', of.id)
    .where('packageOwners.role', 'in', ['publisher', 'admin'])
    .where('users.disabledAt', 'is', null)
    .orderBy('packageOwners.createdAt')
    .orderBy('users.id')
    .execute()
}

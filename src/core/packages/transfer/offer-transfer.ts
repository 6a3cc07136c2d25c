import type { Actor } from '#core/access/actor.ts'
import { findUser } from '#core/accounts/find-user.ts'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { findNamespace } from '#core/namespaces/find-namespace.ts'
import { lockPackageFor } from '#core/packages/lock-package.ts'
import type { Package, PackageRef } from '#core/packages/package.ts'
import { auditTransfer } from './audit-transfer.ts'
import { checkDestination } from './destination.ts'
import {
  selectTransfers,
  statusOf,
  TRANSFER_SECONDS,
  type Transfer,
  toTransfer,
} from './transfer.ts'

/**
 * Offers a package to another namespace, or to a user, who then says to which of theirs. Admins of
 * its namespace may. Nothing changes until the other side accepts; they have seven days.
 */
export async function offerTransfer(
  app: App,
  actor: Actor,
  ref: PackageRef,
  { to }: { to: string },
): Promise<Transfer> {
  return await change(app, async (tx) => {
    const target = await lockPackageFor(app, tx, actor, { ref, action: 'manage' })
    requireNamespaceAdmin(actor, target)
    const recipient = await findRecipient(app, tx, target, to)
    await endExpired(app, tx, target)
    const at = now(app)
    const { id: packageId, ecosystem, path, namespaceId } = target
    const { name: fromProject, key } = await placeOf(tx, packageId)
    const { id } = await tx
      .insertInto('transfers')
      .values({
        ...recipient,
        ...{ packageId, ecosystem, key, fromProject, fromNamespaceId: namespaceId },
        fromPath: path,
        toPath: null,
        status: 'pending',
        createdBy: actor.name,
        createdAt: at,
        expiresAt: at + TRANSFER_SECONDS * 1000,
        decidedBy: null,
        decidedAt: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const row = await selectTransfers(tx).where('transfers.id', '=', id).executeTakeFirstOrThrow()
    await auditTransfer(app, tx, actor, { row, verb: 'offer' })
    return toTransfer(app, row)
  })
}

/** An admin of the package alone may do everything with it but give it away. */
function requireNamespaceAdmin(actor: Actor, { namespaceId }: Package): void {
  if (actor.isOperator || actor.roles.get(namespaceId) === 'admin') return
  throw new RegistryError('forbidden', 'only admins of its namespace may give a package away')
}

async function findRecipient(app: App, tx: Tx, target: Package, to: string) {
  const namespace = await findNamespace(tx, to)
  if (namespace) {
    if (namespace.id === target.namespaceId) {
      throw new RegistryError('invalid_request', `${target.path} is in ${namespace.name} already`)
    }
    await checkDestination(app, tx, target, namespace)
    return { toNamespaceId: namespace.id, toUserId: null }
  }
  const user = await findUser(tx, to)
  if (user && user.disabledAt === undefined) return { toNamespaceId: null, toUserId: user.id }
  const message = `there is no namespace or user ${to.slice(0, 128)}`
  throw new RegistryError('namespace_unknown', message)
}

/** One offer at a time; one that expired makes room. */
async function endExpired(app: App, tx: Tx, target: Package): Promise<void> {
  const pending = await tx
    .selectFrom('transfers')
    .select(['id', 'status', 'expiresAt'])
    .where('packageId', '=', target.id)
    .where('status', '=', 'pending')
    .executeTakeFirst()
  if (!pending) return
  if (statusOf(app, pending) === 'pending') {
    throw new RegistryError('conflict', `${target.path} is offered already: cancel that first`, {
      details: { transfer: pending.id },
    })
  }
  await tx
    .updateTable('transfers')
    .set({ status: 'expired' })
    .where('id', '=', pending.id)
    .execute()
}

function placeOf(tx: Tx, packageId: number) {
  return tx
    .selectFrom('packages')
    .innerJoin('projects', 'projects.id', 'packages.projectId')
    .select(['projects.name', 'packages.key'])
    .where('packages.id', '=', packageId)
    .executeTakeFirstOrThrow()
}

import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'

/**
 * Throws `last_admin` unless somebody else is an admin who can still log in. The namespace's row
 * must be locked, or two admins could show each other out at the same time.
 */
export async function requireOtherAdmin(
  tx: Tx,
  namespaceId: number,
  userId: number,
): Promise<void> {
  const other = await tx
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.userId')
    .select('users.id')
    .where('members.namespaceId', '=', namespaceId)
    .where('members.role', '=', 'admin')
    .where('members.userId', '<>', userId)
    .where('users.disabledAt', 'is', null)
    .limit(1)
    .executeTakeFirst()
  if (other) return
  throw new RegistryError('last_admin', 'the last admin stays: make somebody else an admin first')
}

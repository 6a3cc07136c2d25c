import type { Actor } from '#core/access/actor.ts'
import { authorize } from '#core/access/can.ts'
import { getUser } from '#core/accounts/find-user.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Role, Tx } from '#core/db/schema.ts'
import { namespaceUnknown } from '#core/namespaces/find-namespace.ts'
import { lockNamespace } from '#core/namespaces/lock-namespace.ts'
import { requireOtherAdmin } from './other-admin.ts'

/** Who is to be what. */
export interface NewMember {
  /** Name of a user. */
  readonly user: string
  readonly role: Role
}

/** Gives a user a role, whatever it was before; admins only. Says nothing if already so. */
export async function addMember(
  app: App,
  actor: Actor,
  rawNamespace: string,
  wanted: NewMember,
): Promise<void> {
  const { role } = wanted
  await change(app, async (tx) => {
    const namespace = await lockNamespace(app, tx, rawNamespace)
    const { id: namespaceId, name } = namespace
    authorize(actor, 'manage', { namespaceId }, () => namespaceUnknown(rawNamespace))
    const user = await getUser(tx, wanted.user)
    const was = await roleOf(tx, namespaceId, user.id)
    if (was === role) return
    if (was === 'admin') await requireOtherAdmin(tx, namespaceId, user.id)
    await tx
      .insertInto('members')
      .values({ namespaceId, userId: user.id, role, createdAt: now(app) })
      .onConflict((conflict) => conflict.columns(['namespaceId', 'userId']).doUpdateSet({ role }))
      .execute()
    await audit(app, tx, actor, {
      action: was ? 'member.change' : 'member.add',
      subject: `user:${user.name}`,
      namespaceId,
      detail: { namespace: name, role, ...(was && { was }) },
    })
    changed(tx, userTopic(user.id))
  })
}

async function roleOf(tx: Tx, namespaceId: number, userId: number): Promise<Role | undefined> {
  const row = await tx
    .selectFrom('members')
    .select('role')
    .where('namespaceId', '=', namespaceId)
    .where('userId', '=', userId)
    .executeTakeFirst()
  return row?.role
}

import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { getUser } from './find-user.ts'

/** Locks an account out, tokens and all, from now on, or lets it in again. Says nothing if already so. */
export async function disableUser(
  app: App,
  actor: Actor,
  rawName: string,
  disabled: boolean,
): Promise<void> {
  authorizeOperator(actor)
  await change(app, async (tx) => {
    const user = await getUser(tx, rawName)
    const { numUpdatedRows } = await tx
      .updateTable('users')
      .set({ disabledAt: disabled ? now(app) : null })
      .where('id', '=', user.id)
      .where('disabledAt', disabled ? 'is' : 'is not', null)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return
    await audit(app, tx, actor, {
      action: disabled ? 'user.disable' : 'user.enable',
      subject: `user:${user.name}`,
    })
    changed(tx, userTopic(user.id))
  })
}

import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { notifyUser } from '#core/mail/notify-user.ts'
import { getUser } from './find-user.ts'

/** Makes a user staff of the whole instance, or no longer. Says nothing if already so. */
export async function setOperator(
  app: App,
  actor: Actor,
  rawName: string,
  isOperator: boolean,
): Promise<void> {
  authorizeOperator(actor)
  await change(app, async (tx) => {
    const user = await getUser(tx, rawName)
    const { numUpdatedRows } = await tx
      .updateTable('users')
      .set({ isOperator: isOperator ? 1 : 0 })
      .where('id', '=', user.id)
      .where('isOperator', '=', isOperator ? 0 : 1)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return
    await audit(app, tx, actor, {
      action: isOperator ? 'operator.add' : 'operator.remove',
      subject: `user:${user.name}`,
    })
    const what = `You are ${isOperator ? 'an operator' : 'no longer an operator'} of this registry.`
    await notifyUser(app, tx, user.id, { subject: 'Your rights were changed', what, actor })
    changed(tx, userTopic(user.id))
  })
}

import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import { enqueueMail } from './enqueue-mail.ts'
import { renderMail } from './render-mail.ts'

/** Something about an account that its owner should know at once. */
export interface Notice {
  readonly subject: string
  /** What happened, in one sentence. */
  readonly what: string
  readonly actor: Actor
  /** Set when anybody can have it written to anybody, as often as they like. */
  readonly isLimited?: boolean
}

/** Writes to a user, in the change's own transaction; to nobody where there is no address. */
export async function notifyUser(
  app: App,
  tx: Tx,
  userId: number,
  { subject, what, actor, isLimited = false }: Notice,
): Promise<void> {
  const user = await tx
    .selectFrom('users')
    .select(['name', 'email'])
    .where('id', '=', userId)
    .executeTakeFirst()
  if (!user || user.email === '') return
  const where = actor.address === '' ? '' : ` from ${actor.address}`
  const when = new Date(now(app)).toUTCString()
  const mail = renderMail(user.email, {
    subject,
    before: [
      what,
      `It was done by ${actor.name}${where} on ${when}, for the account ${user.name} at ${app.settings.publicUrl}.`,
    ],
    after: [
      'If you did not expect this, end the session or token that did it, and tell the operators of this registry.',
    ],
  })
  await enqueueMail(app, tx, mail, { isLimited })
}

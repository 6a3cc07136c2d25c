import type { Actor } from '#core/access/actor.ts'
import { emailKey } from '#core/accounts/email.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { lockNamespace } from '#core/namespaces/lock-namespace.ts'
import { authorizeInvitations } from './authorize-invitations.ts'

/** Takes an invitation back that nobody followed yet; admins only. Throws `not_found`. */
export async function withdrawInvitation(
  app: App,
  actor: Actor,
  rawNamespace: string,
  rawEmail: string,
): Promise<void> {
  await change(app, async (tx) => {
    const { id: namespaceId, name } = await lockNamespace(app, tx, rawNamespace)
    authorizeInvitations(actor, namespaceId, rawNamespace)
    const email = emailKey(rawEmail)
    const withdrawn = await tx
      .deleteFrom('invitations')
      .where('namespaceId', '=', namespaceId)
      .where('emailKey', '=', email)
      .returning('role')
      .executeTakeFirst()
    if (!withdrawn) {
      throw new RegistryError('not_found', `${rawEmail.slice(0, 254)} is not invited to ${name}`)
    }
    await audit(app, tx, actor, {
      action: 'invitation.withdraw',
      subject: `email:${email}`,
      namespaceId,
      detail: { namespace: name, was: withdrawn.role },
    })
  })
}

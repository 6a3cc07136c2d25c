import type { App } from '#core/app.ts'
import type { Role } from '#core/db/schema.ts'
import type { Mail } from '#core/mail/mailer.ts'
import { renderMail } from '#core/mail/render-mail.ts'
import type { Invitation } from './invitation.ts'

const MAY: Record<Role, string> = {
  reader: 'download its private packages',
  publisher: 'download its private packages and publish',
  admin: 'download its private packages, publish and manage who may do what',
}

/**
 * Tells somebody that they were invited. It holds no secret, so it may wait in the database: what
 * counts is that they show, by signing in, that the address is theirs. All that others chose in it
 * are two names, which have no room for a message of their own.
 */
export function invitationMail(app: App, namespace: string, invitation: Invitation): Mail {
  const { email, role, invitedBy, expiresAt } = invitation
  const by = invitedBy.startsWith('user:') ? invitedBy.slice('user:'.length) : 'An operator'
  const place = `${namespace} at ${app.settings.publicUrl}`
  return renderMail(email, {
    subject: `Invitation to ${namespace}`,
    before: [
      `${by} invites you to ${place}, as ${role}: you may ${MAY[role]}.`,
      `To accept, sign in there with this address by ${new Date(expiresAt).toUTCString()}.`,
    ],
    after: ['To decline, do nothing.'],
  })
}

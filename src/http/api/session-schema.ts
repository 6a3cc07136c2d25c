import { z } from '@hono/zod-openapi'
import type { Session as CoreSession } from '#core/accounts/sessions/session.ts'
import { Time, time } from './schemas.ts'

export const Session = z
  .object({
    id: z.int(),
    device: z.string().openapi({ example: 'entrepot/1.0 at 192.0.2.7' }),
    isCurrent: z.boolean().openapi({ description: 'Whether it was shown with this very request' }),
    createdAt: Time,
    expiresAt: Time.openapi({ description: 'Moves on while the session is used' }),
    lastUsedAt: Time.optional().openapi({ description: 'Exact to a minute' }),
  })
  .openapi('Session')

/** A session as it is sent; `currentId` is the one that was shown. */
export function sessionView(session: CoreSession, currentId: number | undefined) {
  const { id, device, createdAt, expiresAt, lastUsedAt } = session
  return {
    id,
    device,
    isCurrent: id === currentId,
    createdAt: time(createdAt),
    expiresAt: time(expiresAt),
    ...(lastUsedAt !== undefined && { lastUsedAt: time(lastUsedAt) }),
  }
}

import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Db, Row } from '#core/db/schema.ts'
import { hashProof, type SignInOrigin, signInRefused } from './sign-in.ts'
import { userOfEmail } from './user-of-email.ts'

/** What the holder of a mailed link is shown before they decide. */
export interface PendingSignIn {
  readonly email: string
  /** Where it began. */
  readonly address: string
  readonly userAgent: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** Looks at a sign-in by the token of its link, and changes nothing: scanners of mail do so too. */
export async function viewSignIn(app: App, token: string): Promise<PendingSignIn> {
  const row = await byLink(app.database.db, token).executeTakeFirst()
  if (!row || !isOpen(app, row)) throw signInRefused()
  const { email, address, userAgent, createdAt } = row
  return { email, address, userAgent, createdAt }
}

/** Proves the address: whoever began the sign-in may now fetch a session. Twice is as good as once. */
export async function confirmSignIn(app: App, token: string, from: SignInOrigin): Promise<void> {
  const isConfirmed = await change(app, async (tx) => {
    const row = await app.database.dialect.lock(byLink(tx, token)).executeTakeFirst()
    if (!row || !isOpen(app, row)) return false
    if (row.state === 'confirmed') return true
    const user = await userOfEmail(app, tx, row.email, from)
    await tx
      .updateTable('signIns')
      .set(user ? { state: 'confirmed', userId: user.id } : { state: 'dead' })
      .where('id', '=', row.id)
      .execute()
    return user !== undefined
  })
  if (!isConfirmed) throw signInRefused()
}

function byLink(db: Db, token: string) {
  return db
    .selectFrom('signIns')
    .selectAll()
    .where('proofHash', '=', hashProof(token))
    .where('flow', '=', 'link')
}

function isOpen(app: App, { state, expiresAt }: Row<'signIns'>): boolean {
  return (state === 'pending' || state === 'confirmed') && expiresAt > now(app)
}

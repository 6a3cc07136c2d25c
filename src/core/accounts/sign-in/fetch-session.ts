import { timingSafeEqual } from 'node:crypto'
import type { User } from '#core/accounts/find-user.ts'
import { toUser } from '#core/accounts/find-user.ts'
import { createSession, type NewSession } from '#core/accounts/sessions/create-session.ts'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Db, Row, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { hashCode, hashProof, MAX_TRIES, type SignInOrigin, signInRefused } from './sign-in.ts'
import { foldCode } from './sign-in-code.ts'
import { userOfEmail } from './user-of-email.ts'

/** What ends a sign-in by code: the secret of its beginning, and what was in the mail. */
export interface CodeProof {
  readonly fetchToken: string
  readonly code: string
}

/**
 * Ends a sign-in by code. A wrong code counts, and the fifth kills the sign-in; every failure is the
 * same `credential_invalid`.
 */
export async function fetchSessionByCode(
  app: App,
  { fetchToken, code }: CodeProof,
  from: SignInOrigin,
): Promise<NewSession> {
  const session = await change(app, async (tx) => {
    const row = await lockByFetchToken(app, tx, fetchToken, 'code')
    if (row?.state !== 'pending' || row.expiresAt <= now(app)) return undefined
    if (!isSame(row.proofHash, hashCode(fetchToken, foldCode(code)))) {
      await countTry(tx, row)
      return undefined
    }
    const user = await userOfEmail(app, tx, row.email, from)
    return await finish(app, tx, row, { user, from })
  })
  if (!session) throw signInRefused()
  return session
}

/**
 * Asks for the session of a sign-in by link: nothing while nobody confirmed it, the session once,
 * and `gone` ever after.
 */
export async function fetchSessionByLink(
  app: App,
  fetchToken: string,
  from: SignInOrigin,
): Promise<NewSession | undefined> {
  // Asked every few seconds: a look costs no transaction.
  if (await isPending(app, fetchToken)) return undefined
  const session = await change(app, async (tx) => {
    const row = await lockByFetchToken(app, tx, fetchToken, 'link')
    if (row?.state !== 'confirmed' || row.expiresAt <= now(app)) return undefined
    const user = await findActive(tx, row.userId)
    return await finish(app, tx, row, { user, from })
  })
  if (session) return session
  throw new RegistryError(
    'gone',
    'the sign-in was used, has expired or was never begun: begin again',
  )
}

async function isPending(app: App, fetchToken: string): Promise<boolean> {
  const row = await byFetchToken(app.database.db, fetchToken, 'link')
    .where('state', '=', 'pending')
    .where('expiresAt', '>', now(app))
    .executeTakeFirst()
  return row !== undefined
}

/** One of two who come at once waits for the other here, and then finds the sign-in used. */
async function lockByFetchToken(
  app: App,
  tx: Tx,
  fetchToken: string,
  flow: 'code' | 'link',
): Promise<Row<'signIns'> | undefined> {
  return await app.database.dialect.lock(byFetchToken(tx, fetchToken, flow)).executeTakeFirst()
}

function byFetchToken(db: Db, fetchToken: string, flow: 'code' | 'link') {
  return db
    .selectFrom('signIns')
    .selectAll()
    .where('fetchHash', '=', hashProof(fetchToken))
    .where('flow', '=', flow)
}

async function countTry(tx: Tx, { id, tries }: Row<'signIns'>): Promise<void> {
  const isLast = tries + 1 >= MAX_TRIES
  await tx
    .updateTable('signIns')
    .set({ tries: tries + 1, ...(isLast && { state: 'dead' as const }) })
    .where('id', '=', id)
    .execute()
}

async function finish(
  app: App,
  tx: Tx,
  { id }: Row<'signIns'>,
  { user, from }: { user: User | undefined; from: SignInOrigin },
): Promise<NewSession | undefined> {
  await tx
    .updateTable('signIns')
    .set({ state: user ? 'used' : 'dead', userId: user?.id ?? null })
    .where('id', '=', id)
    .execute()
  return user && (await createSession(app, tx, user, from))
}

async function findActive(tx: Tx, userId: number | null): Promise<User | undefined> {
  const row = await tx
    .selectFrom('users')
    .selectAll()
    .where('id', '=', userId)
    .where('disabledAt', 'is', null)
    .executeTakeFirst()
  return row && toUser(row)
}

function isSame(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(left), Buffer.from(right))
}

import { randomUUID } from 'node:crypto'
import type { Insertable } from 'kysely'
import { addressBlock } from '#core/accounts/address-block.ts'
import { emailKey, parseEmail } from '#core/accounts/email.ts'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Schema } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { describeError } from '#core/jobs/describe-error.ts'
import { takeRate } from '#core/limits/limit.ts'
import type { Mail } from '#core/mail/mailer.ts'
import { generateSecret } from '#core/tokens/secret.ts'
import { hashCode, hashProof, SIGN_IN_SECONDS, type SignInOrigin } from './sign-in.ts'
import { generateCode } from './sign-in-code.ts'
import { type MailedProof, signInMail } from './sign-in-mail.ts'

/** How the address is to be proved: by a typed code, or by a button behind a mailed link. */
export type SignInRequest = {
  readonly email: string
  /** What the subject of the mail begins with; without it, this registry's host. */
  readonly label?: string
} & (
  | { readonly flow: 'code' }
  | { readonly flow: 'link'; readonly linkOf: (token: string) => string }
)

/** What whoever began a sign-in needs to end it. */
export interface StartedSignIn {
  /** Secret: with it the session is fetched. */
  readonly fetchToken: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

const HOUR_SECONDS = 3600
const RETRY_SECONDS = 30

/**
 * Begins a sign-in: writes to the address. Whether there is an account plays no part here, so the
 * answer and its time cannot tell. The mail goes straight out of memory, not through the jobs: a job
 * would keep its secret in the database. So there is one try; who signs in hears if it failed
 * (`unavailable`), and the sign-in is dead then, whatever becomes of a mail on its way.
 */
export async function startSignIn(
  app: App,
  request: SignInRequest,
  from: SignInOrigin,
): Promise<StartedSignIn> {
  const email = parseSignInEmail(request.email)
  await countStart(app, email, from)
  const { fetchToken, proof, proofHash } = newSecrets(request)
  const expiresAt = now(app) + SIGN_IN_SECONDS * 1000
  const id = await save(app, {
    flow: request.flow,
    email,
    fetchHash: hashProof(fetchToken),
    proofHash,
    state: 'pending',
    tries: 0,
    userId: null,
    address: from.address,
    userAgent: from.userAgent,
    createdAt: now(app),
    expiresAt,
  })
  const { label = new URL(app.settings.publicUrl).host } = request
  try {
    await deliver(app, signInMail(app, { to: email, label, proof }, from))
  } catch (error) {
    app.log.warn({ to: email, reason: describeError(error) }, 'the mail of a sign-in was not sent')
    await kill(app, id)
    throw new RegistryError('unavailable', 'mail cannot be sent now: try again in a while', {
      cause: error,
      retryAfterSeconds: RETRY_SECONDS,
    })
  }
  return { fetchToken, expiresAt }
}

async function save(app: App, values: Insertable<Schema['signIns']>): Promise<number> {
  return await change(app, async (tx) => {
    const insert = tx.insertInto('signIns').values(values).returning('id')
    return (await insert.executeTakeFirstOrThrow()).id
  })
}

async function kill(app: App, id: number): Promise<void> {
  await change(app, (tx) =>
    tx.updateTable('signIns').set({ state: 'dead' }).where('id', '=', id).execute(),
  )
}

/** An address at which mail can arrive from elsewhere; throws `invalid_request`. */
function parseSignInEmail(raw: string): string {
  const email = parseEmail(raw.trim())
  if (/^.+@.+\..+$/.test(email)) return email
  throw new RegistryError('invalid_request', 'this is no e-mail address')
}

/** Counted before anything else is done, for addresses with an account and without alike. */
async function countStart(app: App, email: string, from: SignInOrigin): Promise<void> {
  const { maxSignInsPerAddress, maxSignInsPerEmail } = app.settings
  const counts = [
    ['sign-in:address', maxSignInsPerAddress, addressBlock(from.address)],
    ['sign-in:email', maxSignInsPerEmail, emailKey(email)],
  ] as const
  for (const [name, limit, subject] of counts) {
    const count = await takeRate(app, { name, limit, windowSeconds: HOUR_SECONDS }, subject)
    if (count.allowed) continue
    throw new RegistryError(
      'rate_limited',
      `at most ${limit} sign-ins per hour: wait, or use the mail you have`,
      {
        retryAfterSeconds: count.retryAfterSeconds,
      },
    )
  }
}

function newSecrets(request: SignInRequest): {
  fetchToken: string
  proof: MailedProof
  proofHash: string
} {
  if (request.flow === 'code') {
    const fetchToken = randomUUID()
    const code = generateCode()
    return { fetchToken, proof: { code }, proofHash: hashCode(fetchToken, code) }
  }
  const token = generateSecret()
  return {
    fetchToken: generateSecret(),
    proof: { link: request.linkOf(token) },
    proofHash: hashProof(token),
  }
}

/** Waits only so long, also for a mailer that does not heed the signal. */
async function deliver(app: App, mail: Mail): Promise<void> {
  const patience = AbortSignal.timeout(Math.ceil(app.settings.signInMailSeconds * 1000))
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(patience.reason)
  patience.addEventListener('abort', giveUp, { once: true })
  try {
    await Promise.race([app.mailer.send(mail, patience), promise])
  } finally {
    patience.removeEventListener('abort', giveUp)
  }
}

import { type Actor, systemActor } from '#core/access/actor.ts'
import { authenticate } from '#core/accounts/authenticate.ts'
import { createUser } from '#core/accounts/create-user.ts'
import type { App } from '#core/app.ts'
import { createToken, type NewToken } from '#core/tokens/create-token.ts'
import type { TokenOwner } from '#core/tokens/token.ts'

const ALL: NewToken = { name: 'test', scopes: ['admin', 'publish', 'read'] }
const operator = systemActor('cli')

/** Somebody in a test: a secret, and who it is at any moment. */
export interface Person {
  readonly secret: string
  readonly tokenId: number
  /** The actor as the app sees it now. */
  actor(app?: App): Promise<Actor>
}

/** A new user with a token of theirs. */
export async function person(
  app: App,
  name: string,
  more: { isOperator?: boolean } = {},
): Promise<Person> {
  await createUser(app, operator, { name, email: `${name}@example.org`, ...more })
  return await credential(app, { user: name })
}

/** Another token: of a user, or of a robot. */
export async function credential(
  app: App,
  owner: TokenOwner,
  limits: Partial<NewToken> = {},
): Promise<Person> {
  const { secret, token } = await createToken(app, operator, owner, { ...ALL, ...limits })
  return {
    secret,
    tokenId: token.id,
    actor: (seenBy = app) =>
      authenticate(seenBy, { secret }, { address: '192.0.2.1', requestId: 'r1' }),
  }
}

/** For `assert.rejects`: the failure's code. */
export function failsWith(code: string): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === code) return true
    throw new Error(`expected ${code}, got ${String(error)}`, { cause: error })
  }
}

/** Tries again for a second: PostgreSQL tells other processes a moment after the commit. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await check()
    } catch (error) {
      if (attempt === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

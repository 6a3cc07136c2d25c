import { randomBytes } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { type Actor, ANONYMOUS, type Identity } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { findIdentityOfToken } from './find-identity.ts'

/** Per package path, what the grant allows: the intersection with what its owner may do now. */
export type Grants = ReadonlyMap<string, ReadonlySet<string>>

interface Claims {
  /** Id of the token that was shown for it; none for anonymous. */
  readonly tok?: number
  readonly access?: ReadonlyArray<{ name: string; actions: readonly string[] }>
  readonly exp?: number
  /** What it is good for: asking the registry, or asking for new grants. */
  readonly use: 'access' | 'refresh'
}

const KEY_SETTING = 'grant-key'
const ISSUER = 'entrepot'
const REFRESH_SECONDS = 90 * 86_400

/**
 * A short-lived credential (JWT, HS256) made from another one, for clients that do not send theirs
 * with every request. Revoking the token that it was made from ends it too.
 */
export async function issueGrant(
  app: App,
  actor: Actor,
  grants: Grants,
  seconds: number,
): Promise<string> {
  const access = [...grants].map(([name, actions]) => ({
    type: 'repository',
    name,
    actions: [...actions],
  }))
  return sign(app, actor, { access, use: 'access' }, seconds)
}

/** A long-lived credential that is only good for asking for grants again (docker: identity token). */
export function issueRefresh(app: App, actor: Actor): Promise<string> {
  return sign(app, actor, { use: 'refresh' }, REFRESH_SECONDS)
}

async function sign(app: App, actor: Actor, claims: Claims, seconds: number): Promise<string> {
  const issuedAt = Math.floor(now(app) / 1000)
  const token = /^token:(\d+)$/.exec(actor.credential)?.[1]
  return new SignJWT({ ...claims, ...(token !== undefined && { tok: Number(token) }) })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(ISSUER)
    .setSubject(actor.name)
    .setAudience(app.settings.publicUrl)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + seconds)
    .setJti(randomBytes(12).toString('base64url'))
    .sign(await grantKey(app))
}

/** Whether text looks like a grant, before any work is spent on it. */
export function looksLikeGrant(secret: string): boolean {
  return secret.length < 16_384 && /^ey[\w-]+\.[\w-]+\.[\w-]+$/.test(secret)
}

/** Whom a grant stands for; nothing when it is forged, expired, or what it was made from is gone. */
export async function findGrant(app: App, secret: string): Promise<Identity | undefined> {
  const claims = await verify(app, secret, 'access')
  const owner = claims && (await ownerOf(app, claims))
  if (!owner) return undefined
  const grants = new Map((claims.access ?? []).map((one) => [one.name, new Set(one.actions)]))
  const expiresAt = Math.min((claims.exp ?? 0) * 1000, owner.expiresAt ?? Number.MAX_SAFE_INTEGER)
  return { ...owner, grants, expiresAt }
}

/** Whom a refresh credential stands for, with all that they may do; nothing as with `findGrant`. */
export async function findRefresh(app: App, secret: string): Promise<Identity | undefined> {
  const claims = looksLikeGrant(secret) ? await verify(app, secret, 'refresh') : undefined
  return claims && ownerOf(app, claims)
}

async function ownerOf(app: App, { tok }: Claims): Promise<Identity | undefined> {
  return tok === undefined ? ANONYMOUS : findIdentityOfToken(app, tok)
}

async function verify(app: App, secret: string, use: Claims['use']): Promise<Claims | undefined> {
  try {
    const { payload } = await jwtVerify<Claims>(secret, await grantKey(app), {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: app.settings.publicUrl,
      currentDate: app.clock(),
    })
    return payload.use === use ? payload : undefined
  } catch {
    return undefined
  }
}

/** One key for all nodes, made by whoever needs it first. */
function grantKey(app: App): Promise<Uint8Array> {
  return app.cache.through('grant-key', async () => {
    const found = await selectKey(app)
    const value = Buffer.from(found ?? (await createKey(app)), 'base64')
    return { value: new Uint8Array(value), topics: ['settings'] }
  })
}

async function selectKey(app: App): Promise<string | undefined> {
  const row = await app.database.db
    .selectFrom('settings')
    .select('value')
    .where('key', '=', KEY_SETTING)
    .executeTakeFirst()
  return row?.value
}

async function createKey(app: App): Promise<string> {
  await change(app, (tx) =>
    tx
      .insertInto('settings')
      .values({ key: KEY_SETTING, value: randomBytes(32).toString('base64') })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute(),
  )
  const key = await selectKey(app)
  if (key === undefined) throw new Error('the grant key was neither found nor created')
  return key
}

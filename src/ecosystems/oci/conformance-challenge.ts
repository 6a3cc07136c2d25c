import assert from 'node:assert/strict'
import { jsonOf, OciClient } from '#test/oci-client.ts'
import type { Answer } from '#test/raw-http.ts'
import { expectStatus } from './conformance-expect.ts'
import type { World } from './conformance-world.ts'

/** The parameters of a `WWW-Authenticate: Bearer` header. */
type Challenge = { realm: string; service: string; scope?: string; error?: string }

/** What a token endpoint answers. */
type TokenAnswer = {
  token: string
  access_token: string
  expires_in: number
  issued_at: string
  scope?: string
  refresh_token?: string
}

/** The challenge of a 401; strict clients read quoted parameters only. */
export function challengeOf(answer: Answer): Challenge {
  const header = expectStatus(answer, 401).headers.get('www-authenticate') ?? ''
  assert.match(header, /^Bearer [a-z_]+="[^"]*"(, ?[a-z_]+="[^"]*")*$/, header)
  const pairs = [...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])
  const challenge: Partial<Challenge> = Object.fromEntries(pairs)
  assert.ok(challenge.realm && URL.canParse(challenge.realm), `realm in ${header}`)
  assert.ok(challenge.service, `service in ${header}`)
  return challenge as Challenge
}

/** The actions of `repository:<name>:a,b`, sorted. */
export function actionsOf(challenge: Challenge, repository: string): string[] {
  const prefix = `repository:${repository}:`
  const scope = challenge.scope ?? ''
  assert.ok(scope.startsWith(prefix), `scope ${scope}`)
  return scope.slice(prefix.length).split(',').sort()
}

/** The challenge that `docker login` starts from. */
export async function firstChallenge({ anonymous }: World): Promise<Challenge> {
  return challengeOf(await anonymous.get('/v2/'))
}

/** The URL of a token request by GET. */
export function tokenUrl({ realm, service }: Challenge, scopes: string[], extra = ''): string {
  const query = new URLSearchParams({ service })
  for (const scope of scopes) query.append('scope', scope)
  return `${realm}${realm.includes('?') ? '&' : '?'}${query}${extra}`
}

/** A token by GET with the caller's Basic credentials, in the shape every client reads. */
export async function getToken(
  world: World,
  caller: OciClient,
  scopes: string[],
  extra = '',
): Promise<TokenAnswer> {
  const url = tokenUrl(await firstChallenge(world), scopes, extra)
  return expectToken(await caller.get(url))
}

/** A well-formed token answer. */
export function expectToken(answer: Answer): TokenAnswer {
  expectStatus(answer, 200)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json\b/)
  const found = jsonOf<TokenAnswer>(answer)
  assert.ok(found.access_token, 'access_token')
  assert.ok(found.expires_in >= 60, `expires_in ${found.expires_in}`)
  const age = Math.abs(Date.now() - Date.parse(found.issued_at))
  assert.ok(age < 3_600_000, `issued_at ${found.issued_at}`)
  return found
}

/** A client that shows this token. */
export function bearer({ fixture }: World, token: string): OciClient {
  return new OciClient(fixture.baseUrl, `Bearer ${token}`)
}

/** User name and password of `Basic …`. */
export function basicOf(authorization: string): { username: string; password: string } {
  assert.match(authorization, /^Basic /i, 'the fixture must give Basic credentials')
  const text = Buffer.from(authorization.slice('Basic '.length), 'base64').toString()
  const colon = text.indexOf(':')
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** The same user with a wrong password. */
export function wrongPassword(authorization: string): string {
  const { username } = basicOf(authorization)
  return `Basic ${Buffer.from(`${username}:not-the-password`).toString('base64')}`
}

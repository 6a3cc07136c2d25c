import {
  type HomeFile,
  readHomeTable,
  removeFromHomeTable,
  writeHomeTable,
} from '#cli/client/home-files.ts'
import { normalUrl } from '#cli/client/registry-url.ts'
import { environment } from '#config.ts'

/** A registry to talk to. */
export interface GrenRegistry {
  /** Without a slash at its end; `/package/…` comes behind it. */
  readonly url: string
  readonly token?: string
}

/** What is kept for a registry after signing in. */
export interface Credential {
  readonly token: string
  readonly email: string
}

const DEFAULT_URL = 'http://127.0.0.1:7080/gren'
const NAMING = {
  hint: `give a URL such as ${DEFAULT_URL}`,
  insecureVariable: 'GREN_ALLOW_INSECURE_REGISTRY',
}

/** Where sessions are kept. */
export const GREN_CREDENTIALS: HomeFile = { path: '.gren/credentials.toml', table: 'registries' }

/** Sign-ins by code that were begun, and wait for it. */
const BEGUN: HomeFile = { path: '.gren/sign-ins.toml', table: 'sign-ins' }
const BEGUN_MS = 15 * 60_000

/** The registry that is meant, and the credential for it: that of the environment, or what is kept. */
export async function findRegistry(flag: string | undefined): Promise<GrenRegistry> {
  const url = normalUrl(flag ?? (environment().GREN_REGISTRY || DEFAULT_URL), NAMING)
  const token = tokenOfEnvironment() ?? (await findCredential(url))?.token
  return { url, ...(token !== undefined && { token }) }
}

/** The token that counts more than what is kept. */
export function tokenOfEnvironment(): string | undefined {
  return environment().GREN_REGISTRY_TOKEN || undefined
}

/** What is kept for a registry. */
export async function findCredential(url: string): Promise<Credential | undefined> {
  const entry = (await readHomeTable(GREN_CREDENTIALS))[url]
  if (typeof entry?.token !== 'string') return undefined
  return { token: entry.token, email: String(entry.email ?? '') }
}

/** Keeps what signing in gave. */
export async function storeCredential(url: string, credential: Credential): Promise<void> {
  await writeHomeTable(GREN_CREDENTIALS, [url, { ...credential }])
}

/** Forgets it; whether there was something. */
export function forgetCredential(url: string): Promise<boolean> {
  return removeFromHomeTable(GREN_CREDENTIALS, url)
}

/** A sign-in that waits for its code. */
export interface BegunSignIn {
  readonly email: string
  readonly fetchToken: string
}

/** The sign-in that was begun last, if it can still be completed. */
export async function findBegun(url: string): Promise<BegunSignIn | undefined> {
  const entry = (await readHomeTable(BEGUN))[url]
  const age = Date.now() - Date.parse(String(entry?.begun_at))
  if (!entry || !(age < BEGUN_MS)) return undefined
  return { email: String(entry.email), fetchToken: String(entry.fetch_token) }
}

/** Remembers a sign-in until its code comes. */
export async function storeBegun(url: string, { email, fetchToken }: BegunSignIn): Promise<void> {
  const begunAt = new Date().toISOString()
  await writeHomeTable(BEGUN, [url, { email, fetch_token: fetchToken, begun_at: begunAt }])
}

/** It is over. */
export async function forgetBegun(url: string): Promise<void> {
  await removeFromHomeTable(BEGUN, url)
}

import { type HomeFile, readHomeTable, writeHomeTable } from '#cli/client/home-files.ts'
import { normalUrl } from '#cli/client/registry-url.ts'
import { environment } from '#config.ts'

/** A registry to talk to. */
export interface ElbaRegistry {
  /** Without a slash at its end; `/api/v1/…` comes behind it. */
  readonly url: string
  readonly token?: string
}

const DEFAULT_URL = 'http://127.0.0.1:7080/elba'
const NAMING = {
  hint: `give a URL such as ${DEFAULT_URL}; it stands as \`registry\` in the index.toml of an index`,
  insecureVariable: 'ELBA_ALLOW_INSECURE_REGISTRY',
}

/** Where tokens are kept. */
export const ELBA_CREDENTIALS: HomeFile = { path: '.elba/credentials.toml', table: 'registries' }

/** The registry that is meant, and the token for it: that of the environment, or what is kept. */
export async function findRegistry(flag: string | undefined): Promise<ElbaRegistry> {
  const raw = flag ?? (environment().ELBA_REGISTRY || DEFAULT_URL)
  const url = normalUrl(raw, NAMING).replace(/\/api\/v1$/, '')
  const token = environment().ELBA_REGISTRY_TOKEN || (await storedToken(url))
  return { url, ...(token && { token }) }
}

/** Keeps a token for a registry. */
export async function storeToken(url: string, token: string): Promise<void> {
  await writeHomeTable(ELBA_CREDENTIALS, [url, { token }])
}

async function storedToken(url: string): Promise<string | undefined> {
  const token = (await readHomeTable(ELBA_CREDENTIALS))[url]?.token
  return typeof token === 'string' ? token : undefined
}

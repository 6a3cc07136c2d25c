import { type HomeFile, readHomeTable, writeHomeTable } from '#cli/client/home-files.ts'
import { normalUrl } from '#cli/client/registry-url.ts'
import { environment } from '#config.ts'

/** A registry to talk to. */
export interface OriRegistry {
  /** Without a slash at its end; `/v1/…` comes behind it. */
  readonly url: string
  /** As the manifest calls it, when it does. */
  readonly name?: string
  readonly token?: string
}

/** What decides which registry is meant, the first that says something. */
export interface RegistryChoice {
  /** `--registry`: a URL, or a name of `[registries]`. */
  readonly flag?: string | undefined
  /** A name of `[registries]`: that of `[publish]`, or the scope of a package. */
  readonly name?: string | undefined
  /** `[registries]` of the manifest that is here. */
  readonly named: Readonly<Record<string, string>>
}

const DEFAULT_URL = 'http://127.0.0.1:7080/ori'
const NAMING = {
  hint: `give a URL such as ${DEFAULT_URL}, or a name of [registries] in oripk.toml`,
  insecureVariable: 'ORI_ALLOW_INSECURE_REGISTRY',
}

/** Where tokens are kept. */
export const ORI_CREDENTIALS: HomeFile = { path: '.ori/credentials.toml', table: 'registries' }

/** Chooses the registry, and the token for it. */
export async function findRegistry(choice: RegistryChoice): Promise<OriRegistry> {
  const { url, name } = choose(choice)
  const token = tokenOfEnvironment(name) ?? (await storedToken(url))
  return { url, ...(name !== undefined && { name }), ...(token && { token }) }
}

/** Keeps a token for a registry. */
export async function storeToken(url: string, token: string): Promise<void> {
  await writeHomeTable(ORI_CREDENTIALS, [url, { token }])
}

function choose({ flag, name, named }: RegistryChoice): { url: string; name?: string } {
  if (flag !== undefined) {
    const url = Object.hasOwn(named, flag) ? named[flag] : undefined
    return url === undefined ? { url: oriUrl(flag) } : { url: oriUrl(url), name: flag }
  }
  const url = name !== undefined && Object.hasOwn(named, name) ? named[name] : undefined
  if (name !== undefined && url !== undefined) return { url: oriUrl(url), name }
  return { url: oriUrl(environment().ORI_REGISTRY || DEFAULT_URL) }
}

/** The token for the default registry never goes to one that only a manifest names. */
function tokenOfEnvironment(name: string | undefined): string | undefined {
  if (name === undefined) return environment().ORI_REGISTRY_TOKEN || undefined
  const variable = `ORI_REGISTRY_${name.toUpperCase().replaceAll('-', '_')}_TOKEN`
  return environment()[variable] || undefined
}

async function storedToken(url: string): Promise<string | undefined> {
  const token = (await readHomeTable(ORI_CREDENTIALS))[url]?.token
  return typeof token === 'string' ? token : undefined
}

function oriUrl(raw: string): string {
  return normalUrl(raw, NAMING).replace(/\/v1$/, '')
}

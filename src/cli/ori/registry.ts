import { CliError } from '#cli/failure.ts'
import { environment } from '#config.ts'
import { readHomeTable, writeHomeTable } from './home-files.ts'

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
const FILE = 'credentials.toml'
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Chooses the registry, and the token for it. */
export async function findRegistry(choice: RegistryChoice): Promise<OriRegistry> {
  const { url, name } = choose(choice)
  const token = tokenOfEnvironment(name) ?? (await storedToken(url))
  return { url, ...(name !== undefined && { name }), ...(token && { token }) }
}

/** Keeps a token for a registry. */
export async function storeToken(url: string, token: string): Promise<void> {
  await writeHomeTable(FILE, 'registries', [url, { token }])
}

function choose({ flag, name, named }: RegistryChoice): { url: string; name?: string } {
  if (flag !== undefined) {
    const url = Object.hasOwn(named, flag) ? named[flag] : undefined
    return url === undefined ? { url: normalUrl(flag) } : { url: normalUrl(url), name: flag }
  }
  const url = name !== undefined && Object.hasOwn(named, name) ? named[name] : undefined
  if (name !== undefined && url !== undefined) return { url: normalUrl(url), name }
  return { url: normalUrl(environment().ORI_REGISTRY || DEFAULT_URL) }
}

/** The token for the default registry never goes to one that only a manifest names. */
function tokenOfEnvironment(name: string | undefined): string | undefined {
  if (name === undefined) return environment().ORI_REGISTRY_TOKEN || undefined
  const variable = `ORI_REGISTRY_${name.toUpperCase().replaceAll('-', '_')}_TOKEN`
  return environment()[variable] || undefined
}

async function storedToken(url: string): Promise<string | undefined> {
  const token = (await readHomeTable(FILE, 'registries'))[url]?.token
  return typeof token === 'string' ? token : undefined
}

/** One way of writing for each registry: tokens and keys are kept under it. */
function normalUrl(raw: string): string {
  const url = URL.canParse(raw) ? new URL(raw) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    const hint = `give a URL such as ${DEFAULT_URL}, or a name of [registries] in oripk.toml`
    throw new CliError(`${raw} is no registry`, hint)
  }
  const isPrivate = url.protocol === 'https:' || LOOPBACK.test(url.hostname)
  if (!isPrivate && environment().ORI_ALLOW_INSECURE_REGISTRY !== '1') {
    const hint = 'use https, or set ORI_ALLOW_INSECURE_REGISTRY=1 in a network that you trust'
    throw new CliError(`${raw} is not encrypted: everybody on the way could read the token`, hint)
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '')
}

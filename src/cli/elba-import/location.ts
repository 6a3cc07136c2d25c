/** An archive that a line of an index names. */
interface TarLocation {
  readonly url: URL
  /** `sha256:…`; missing where nobody wrote it down. */
  readonly digest?: string
}

/** What an index says of where a release is: an archive, or why there is none to be had. */
export type Location = TarLocation | { readonly reason: string }

const FETCHED: ReadonlySet<string> = new Set(['http:', 'https:', 'file:'])
const CHECKSUM = /^sha256=([0-9a-f]{64})$/i

/** Reads a `location`; nothing when it makes no sense. */
export function parseLocation(raw: string | undefined): Location | undefined {
  if (raw === undefined || raw === '') return { reason: 'the index does not say where it is' }
  const [, kind = '', rest = ''] = /^([a-z]+)\+(.*)$/s.exec(raw) ?? []
  if (kind === 'tar') return parseTar(rest)
  const reason = OTHERS[kind]
  return reason === undefined ? undefined : { reason }
}

/** What elba can resolve, and is no archive. */
const OTHERS: Readonly<Record<string, string>> = {
  git: 'its source is a git repository: publish it from there',
  reg: 'it is in a registry that the index gives no checksum for: bring its archives by --tarballs',
  dir: "it is a folder of somebody's machine",
}

function parseTar(rest: string): TarLocation | undefined {
  const hash = rest.indexOf('#')
  const [address, fragment] = hash < 0 ? [rest, ''] : [rest.slice(0, hash), rest.slice(hash + 1)]
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !FETCHED.has(url.protocol)) return undefined
  if (fragment === '') return { url }
  const hex = CHECKSUM.exec(fragment)?.[1]
  return hex === undefined ? undefined : { url, digest: `sha256:${hex.toLowerCase()}` }
}

import { CliError } from '#cli/failure.ts'
import { environment } from '#config.ts'

/** How somebody says which registry is meant. */
export interface RegistryNaming {
  /** What to do about an address that is none. */
  readonly hint: string
  /** The variable that allows what everybody on the way can read. */
  readonly insecureVariable: string
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** One way of writing for each registry: tokens and keys are kept under it. */
export function normalUrl(raw: string, { hint, insecureVariable }: RegistryNaming): string {
  const url = URL.canParse(raw) ? new URL(raw) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw new CliError(`${raw} is no registry`, hint)
  }
  const isPrivate = url.protocol === 'https:' || LOOPBACK.test(url.hostname)
  if (!isPrivate && environment()[insecureVariable] !== '1') {
    const allow = `use https, or set ${insecureVariable}=1 in a network that you trust`
    throw new CliError(`${raw} is not encrypted: everybody on the way could read the token`, allow)
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

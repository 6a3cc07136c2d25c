import { BlockList, isIP, isIPv4 } from 'node:net'
import { RegistryError } from '#core/errors.ts'

/** What webhooks may reach although it is not on the public internet; operators say it. */
export interface AllowList {
  /** Lower-case host names: whatever address they have. */
  readonly hosts: ReadonlySet<string>
  readonly networks: BlockList
}

const MAX_URL_CHARS = 2_000

/** IPv4 networks of IANA's special-purpose registry, multicast and the reserved rest. */
const SPECIAL_IPV4 = networkList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
])

/**
 * All of IPv6 that is given out to the public. What is not in it is refused: loopback, link-local, ULA,
 * multicast, and forms that carry an IPv4 address (mapped, NAT64).
 */
const GLOBAL_IPV6 = networkList(['2000::/3'])
/** Within it: Teredo and other protocol assignments, documentation, 6to4. */
const SPECIAL_IPV6 = networkList(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'])

/** Whether an IP address is one of a host on the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !SPECIAL_IPV4.check(address, 'ipv4')
  if (family !== 6 || address.includes('%')) return false
  return GLOBAL_IPV6.check(address, 'ipv6') && !SPECIAL_IPV6.check(address, 'ipv6')
}

/** Whether a webhook may connect to an address that a host has. */
export function mayReach(allow: AllowList, host: string, address: string): boolean {
  if (isIP(address) === 0) return false
  if (allow.hosts.has(host.toLowerCase())) return true
  return isPublicAddress(address) || allow.networks.check(address, familyOf(address))
}

/** Reads addresses, networks and host names. */
export function allowList(entries: readonly string[]): AllowList {
  const isNetwork = (entry: string) => isIP(entry.split('/')[0] ?? '') !== 0
  return {
    hosts: new Set(entries.filter((entry) => !isNetwork(entry)).map((one) => one.toLowerCase())),
    networks: networkList(entries.filter(isNetwork)),
  }
}

/** The host of a URL, without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

/**
 * Reads where a webhook posts to. An address that may not be reached is refused here already; what
 * a name resolves to is seen at each delivery.
 */
export function parseTarget(allow: AllowList, raw: string): string {
  if (raw.length > MAX_URL_CHARS || !URL.canParse(raw) || !/^https?:\/\//i.test(raw)) {
    const message = `a target is an http:// or https:// URL of at most ${MAX_URL_CHARS} characters`
    throw new RegistryError('invalid_request', message)
  }
  const url = new URL(raw)
  if (url.username !== '' || url.password !== '') {
    throw new RegistryError('invalid_request', 'a target’s URL carries no user name or password')
  }
  url.hash = ''
  const host = hostOf(url)
  if (isIP(host) !== 0 && !mayReach(allow, host, host)) throw targetRefused(host)
  return url.href
}

/** What is said of an address that is not public and that no setting allows. */
export function targetRefused(host: string): RegistryError {
  const message = `webhooks may not reach ${host}: its address is not a public one`
  return new RegistryError('unprocessable', message)
}

function networkList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    if (bits === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(bits), familyOf(address))
  }
  return list
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6'
}

import { BlockList, isIP, isIPv4 } from 'node:net'

/** Tells whether an address is one of the proxies whose X-Forwarded-For is believed. */
export type IsTrusted = (address: string) => boolean

/** Far more proxies than anybody chains: what is beyond was made up. */
const MAX_HOPS = 32

/** Whose word is taken: addresses and networks (CIDR). */
export function trustedProxies(networks: readonly string[]): IsTrusted {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  if (networks.length === 0) return () => false
  return (address) => isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/**
 * The client's address: the peer's, or, when that is a trusted proxy, the last one in
 * X-Forwarded-For that is not. What stands further left is the client's own claim.
 */
export function clientAddress(peer: string, request: Request, isTrusted: IsTrusted): string {
  let address = plain(peer)
  if (!isTrusted(address)) return address
  const hops = request.headers.get('x-forwarded-for')?.split(',') ?? []
  for (const hop of hops.reverse().slice(0, MAX_HOPS)) {
    const forwarded = plain(hop.trim())
    if (isIP(forwarded) === 0) return address
    address = forwarded
    if (!isTrusted(address)) return address
  }
  return address
}

/** Without port, brackets, zone and the IPv6 form of an IPv4 address. */
function plain(raw: string): string {
  const address = /^\[([^\]]*)\](?::\d+)?$/.exec(raw)?.[1] ?? /^([\d.]+):\d+$/.exec(raw)?.[1] ?? raw
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '')
}

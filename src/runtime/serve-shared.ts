/** Said when no URL can be made of the Host header. */
export const NO_HOST = 'the Host header is missing or malformed'

/** Said to CONNECT and TRACE. */
export const NO_METHOD = 'this method is not supported'

const HOST = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i
const MAX_PORT = 65535
let lastGoodHost = ''

/** True for a Host header that can stand in a URL. Nearly all requests repeat the last one. */
export function isHost(host: string | null | undefined): boolean {
  if (!host) return false
  if (host === lastGoodHost) return true
  const match = HOST.exec(host)
  if (!match || Number(match[1] ?? 0) > MAX_PORT || !URL.canParse(`http://${host}/`)) return false
  lastGoodHost = host
  return true
}

/** An answer of the server itself, before any handler. */
export function plainText(status: number, message: string): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8' }
  return new Response(`${message}\n`, { status, headers })
}

/** The address to reach a listener by. */
export function originOf(hostname: string, port: number): string {
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}

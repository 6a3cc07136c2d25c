import type { Kind } from './values.ts'

/** How mail goes out, as its setting says it. */
export type MailTransport =
  | {
      readonly kind: 'smtp'
      readonly host: string
      readonly port: number
      /** implicit: from the first byte; required: STARTTLS or nothing; optional: STARTTLS when offered. */
      readonly tls: 'implicit' | 'required' | 'optional'
      readonly auth?: { readonly user: string; readonly password: string }
    }
  | { readonly kind: 'postmark'; readonly baseUrl: string; readonly token: string }

/** Who delivers mail. */
export const mailTransport: Kind<MailTransport> = {
  expected:
    'smtp://USER:PASSWORD@HOST:587, smtps://USER:PASSWORD@HOST:465 or postmark://SERVER-TOKEN@api.postmarkapp.com (in a password, write / ? # @ % as %2F %3F %23 %40 %25)',
  parse(text) {
    if (!URL.canParse(text)) return undefined
    const url = new URL(text)
    if (url.hostname === '' || url.hash !== '') return undefined
    if (/^postmark(\+http)?:$/.test(url.protocol)) return parsePostmark(url)
    return /^smtps?:$/.test(url.protocol) ? parseSmtp(url) : undefined
  },
}

/** An e-mail address without a name. */
export const mailAddress: Kind<string> = {
  expected: 'an e-mail address such as no-reply@registry.example.org',
  parse: (text) => (/^[^\s@<>,;:"()[\]\\]+@[a-z0-9.-]+$/i.test(text) ? text : undefined),
}

/** A mail URL without its secrets. */
export function maskMailUrl(text: string): string {
  const transport = mailTransport.parse(text)
  if (transport === undefined) return '•••'
  const { protocol, host, search } = new URL(text)
  if (transport.kind === 'postmark') return `${protocol}//•••@${host}`
  const user = transport.auth ? `${encodeURIComponent(transport.auth.user)}:•••@` : ''
  return `${protocol}//${user}${host}${search}`
}

function parsePostmark(url: URL): MailTransport | undefined {
  const token = decodeText(url.username)
  if (!token || url.password !== '' || url.search !== '') return undefined
  const scheme = url.protocol === 'postmark+http:' ? 'http' : 'https'
  return {
    kind: 'postmark',
    token,
    baseUrl: `${scheme}://${url.host}${url.pathname}`.replace(/\/$/, ''),
  }
}

function parseSmtp(url: URL): MailTransport | undefined {
  const user = decodeText(url.username)
  const password = decodeText(url.password)
  const isBare = url.pathname === '' || url.pathname === '/'
  if (!isBare || !/^(\?tls=optional)?$/.test(url.search)) return undefined
  if (user === undefined || password === undefined || (user === '') !== (password === '')) {
    return undefined
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isImplicit = url.protocol === 'smtps:'
  const isHere = /^(localhost|127\.[\d.]+|::1)$/.test(host)
  return {
    kind: 'smtp',
    host,
    port: Number(url.port || (isImplicit ? 465 : 587)),
    tls: isImplicit ? 'implicit' : isHere || url.search !== '' ? 'optional' : 'required',
    ...(user !== '' && { auth: { user, password } }),
  }
}

/** undefined for a broken escape. */
function decodeText(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

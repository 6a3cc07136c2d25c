/** A mail message taken apart. */
export interface Message {
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  readonly html: string
}

/** Reads a message of two alternative parts, as mail programs do. */
export function readMessage(raw: string): Message {
  const { headers, body } = split(raw.replaceAll('\r\n', '\n'))
  const boundary = /boundary="?([^";]+)"?/.exec(headers.get('content-type') ?? '')?.[1]
  const parts = (body.split(`--${boundary}`) ?? []).slice(1, -1).map(readPart)
  const of = (type: string) => parts.find((part) => part.type.startsWith(type))?.body ?? ''
  return { headers, text: of('text/plain'), html: of('text/html') }
}

function readPart(raw: string): { type: string; body: string } {
  const { headers, body } = split(raw.replace(/^\n/, '').replace(/\n$/, ''))
  const encoding = headers.get('content-transfer-encoding') ?? '7bit'
  const bytes =
    encoding === 'base64'
      ? Buffer.from(body, 'base64')
      : encoding === 'quoted-printable'
        ? quotedPrintable(body)
        : Buffer.from(body)
  return { type: headers.get('content-type') ?? '', body: bytes.toString('utf8') }
}

function split(raw: string): { headers: Map<string, string>; body: string } {
  const end = raw.indexOf('\n\n')
  const lines = raw
    .slice(0, end)
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())]
  })
  return { headers: new Map(headers), body: raw.slice(end + 2) }
}

function quotedPrintable(body: string): Buffer {
  const text = body.replace(/=\n/g, '')
  const bytes = text.replace(/=([0-9A-F]{2})/g, (_all, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1')
}

/** Encoded words in headers (RFC 2047). */
function decodeWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_all, kind: string, data: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(data, 'base64').toString('utf8')
        : quotedPrintable(data.replaceAll('_', ' ')).toString('utf8'),
    )
}

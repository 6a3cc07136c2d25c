/** On every answer: what users uploaded is data, and addresses may hold names of private packages. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const

/** For pages that say nothing stricter themselves. */
const PAGE_HEADERS = {
  'x-frame-options': 'DENY',
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
} as const

/** Adds what the answer does not say itself. */
export function secure(headers: Headers): void {
  addMissing(headers, SECURITY_HEADERS)
  if (headers.get('content-type')?.startsWith('text/html')) addMissing(headers, PAGE_HEADERS)
}

function addMissing(headers: Headers, more: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(more)) {
    if (!headers.has(name)) headers.set(name, value)
  }
}

import type { Config } from '#config.ts'

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const REQUEST_HEADERS =
  'Authorization, Content-Type, Content-Range, Range, Accept, If-Match, If-None-Match, X-Request-Id'
const EXPOSED_HEADERS = [
  'Docker-Content-Digest',
  'Docker-Distribution-Api-Version',
  'Docker-Upload-UUID',
  'OCI-Subject',
  'OCI-Filters-Applied',
  'OCI-Tag',
  'Link',
  'Location',
  'Range',
  'Content-Range',
  'ETag',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
].join(', ')

/** Which web pages may read answers. Credentials are headers of the page's own: no cookies. */
export interface Cors {
  /** The same for every caller; empty without CORS. */
  readonly fixedHeaders: Readonly<Record<string, string>>
  /** True when the origin decides: answers then differ by it. */
  readonly isByOrigin: boolean
  /** Lets the request's origin read an answer, if it is listed. */
  allow(request: Request, headers: Headers): void
  /** The answer to a preflight; nothing for another request. */
  preflight(request: Request): Response | undefined
}

/** What the configuration allows. */
export function createCors({ origins, maxAgeSeconds }: Config['cors']): Cors {
  const isOpen = origins.includes('*')
  const isByOrigin = !isOpen && origins.length > 0
  const fixedHeaders: Record<string, string> = {}
  if (isOpen) fixedHeaders['access-control-allow-origin'] = '*'
  if (isByOrigin) fixedHeaders.vary = 'Origin'
  if (isOpen || isByOrigin) fixedHeaders['access-control-expose-headers'] = EXPOSED_HEADERS
  const allow = (request: Request, headers: Headers) => {
    const origin = request.headers.get('origin')
    if (isByOrigin && origin !== null && origins.includes(origin)) {
      headers.set('access-control-allow-origin', origin)
    }
  }
  return {
    fixedHeaders,
    isByOrigin,
    allow,
    preflight(request) {
      if (request.method !== 'OPTIONS' || origins.length === 0) return undefined
      if (!request.headers.has('access-control-request-method')) return undefined
      const headers = new Headers({
        ...fixedHeaders,
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': REQUEST_HEADERS,
        'access-control-max-age': String(maxAgeSeconds),
        'content-length': '0',
      })
      allow(request, headers)
      return new Response(null, { status: 204, headers })
    },
  }
}

/** Adds headers of every answer; `vary` to what it varies by already. */
export function addFixed(headers: Headers, fixed: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(fixed)) {
    if (name === 'vary') addVary(headers, value)
    else headers.set(name, value)
  }
}

/** Says that the answer depends on one more header of the request. */
export function addVary(headers: Headers, name: string): void {
  const vary = headers.get('vary')
  const known = vary?.toLowerCase().split(/ *, */) ?? []
  if (!known.includes(name.toLowerCase())) headers.set('vary', vary ? `${vary}, ${name}` : name)
}

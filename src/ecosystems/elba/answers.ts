const JSON_TYPE = 'application/json'

/** Answers with a document for this caller, or for this moment, alone. */
export function sendJson(body: object, headers = new Headers()): Response {
  headers.set('content-type', JSON_TYPE)
  headers.set('cache-control', 'no-store')
  return new Response(JSON.stringify(body), { headers })
}

/** A moment as bodies have it: RFC 3339 with an offset, in microseconds. */
export function time(millis: number): string {
  return new Date(millis).toISOString().replace(/(\.\d{3})Z$/, '$1000+00:00')
}

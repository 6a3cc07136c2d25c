const JSON_TYPE = 'application/json'

/** Answers with a document for this caller alone. */
export function sendJson(body: object, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
  })
}

/** A moment as bodies have it. */
export function time(millis: number): string {
  return new Date(millis).toISOString()
}

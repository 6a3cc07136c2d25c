import { bytesReceived } from '#ecosystems/read-body.ts'
import type { Answering, Handled } from './answer.ts'
import { acceptedEncoding, compress, isCompressible, isText, packedHeaders } from './compress.ts'
import { addFixed, addVary } from './cors.ts'
import { pathOf } from './request-context.ts'
import { setRateHeaders } from './request-rate.ts'
import { secure } from './security-headers.ts'

/**
 * Gives an answer its last headers, packs it, counts and logs it. Headers are changed in place: a
 * new Response would read a file itself instead of leaving that to the kernel. (So answers must
 * not come from Response.redirect or fetch, whose headers cannot be changed.)
 */
export async function finish(
  answering: Answering,
  handled: Handled,
  response: Response,
): Promise<Response> {
  dress(answering, handled, response)
  const finished = handled.isHot ? response : await pack(handled.request, response)
  if (!handled.isHot) count(answering, handled, finished)
  log(answering, handled, finished)
  return finished
}

function dress(
  { operation, cors }: Answering,
  { request, context }: Handled,
  { headers, status }: Response,
): void {
  headers.set('x-request-id', context.requestId)
  const { rate } = context.notes
  if (rate) setRateHeaders(headers, rate)
  secure(headers)
  addFixed(headers, cors.fixedHeaders)
  cors.allow(request, headers)
  if (status >= 400 && !headers.has('cache-control')) headers.set('cache-control', 'no-store')
  if (operation.traffic.isDraining) headers.set('connection', 'close')
}

/** Packs text, if the client takes that. */
async function pack(request: Request, response: Response): Promise<Response> {
  const { status, headers } = response
  if (status !== 200 || request.method !== 'GET' || !response.body || !isText(headers)) {
    return response
  }
  const bytes = new Uint8Array(await response.arrayBuffer())
  const isWorthIt = isCompressible(headers, bytes.byteLength)
  if (isWorthIt) addVary(headers, 'Accept-Encoding')
  const encoding = isWorthIt ? acceptedEncoding(request.headers.get('accept-encoding')) : undefined
  const body = encoding ? await compress(bytes, encoding) : bytes
  const described = encoding ? packedHeaders(headers, encoding) : headers
  described.set('content-length', String(body.byteLength))
  return new Response(body as Uint8Array<ArrayBuffer>, { status, headers: described })
}

function count(
  { operation }: Answering,
  { request, face, startedAt }: Handled,
  response: Response,
): void {
  const counts = operation.metrics.protocol(face.id)
  counts.add(request.method, response.status)
  counts.bytesIn += bytesReceived(request)
  if (request.method !== 'HEAD') counts.bytesOut += lengthOf(response)
  operation.metrics.observe(face.id, (performance.now() - startedAt) / 1000)
}

/** One line per request: changes and failures for everybody, reads for those who look closer. */
function log({ app }: Answering, handled: Handled, response: Response): void {
  const { request, face, context, startedAt } = handled
  const { method } = request
  const { status } = response
  const { requestId, address, notes } = context
  const line = {
    requestId,
    protocol: face.id,
    method,
    // Without the query: clients put secrets there.
    path: pathOf(request.url).slice(0, 500),
    status,
    ms: Math.round((performance.now() - startedAt) * 100) / 100,
    bytesIn: bytesReceived(request),
    bytesOut: lengthOf(response),
    ...(notes.actorName !== undefined && { actor: notes.actorName }),
    address,
  }
  const isRead = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  if (status >= 500) app.log.error(line, 'request')
  else if (!isRead || (status >= 400 && !face.isOperating)) app.log.info(line, 'request')
  else app.log.debug(line, 'request')
}

function lengthOf({ headers }: Response): number {
  return Number(headers.get('content-length') ?? 0)
}

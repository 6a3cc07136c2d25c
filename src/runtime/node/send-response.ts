import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

type Read = { done: false; value: Uint8Array } | { done: true; value?: Uint8Array | undefined }

interface Reader {
  read(): Promise<Read>
  cancel(): Promise<void>
}

/** Sends a Web response as fast as the client takes it, and not faster. */
export async function sendResponse(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value)
  if (incoming.method === 'HEAD' || !response.body) {
    await response.body?.cancel()
    outgoing.end()
    return
  }
  const reader: Reader = response.body.getReader()
  // The client may leave while the body has nothing to say.
  outgoing.on('close', () => void reader.cancel().catch(() => undefined))
  if (outgoing.destroyed) await reader.cancel()
  await sendBody(reader, outgoing)
}

async function sendBody(reader: Reader, outgoing: ServerResponse): Promise<void> {
  const first = await reader.read()
  const second = first.done ? Promise.resolve(first) : reader.read()
  // Awaited below; this only keeps an early failure from counting as unhandled.
  second.catch(() => undefined)
  if (!outgoing.hasHeader('content-length')) await setLength(first, second, outgoing)
  let next = first
  while (!next.done && !outgoing.destroyed) {
    if (!outgoing.write(next.value)) await drained(outgoing)
    next = next === first ? await second : await reader.read()
  }
  outgoing.end()
}

/** A body that is over after one chunk, as all made of text are, gets its length said, as on Bun. */
async function setLength(first: Read, second: Promise<Read>, outgoing: ServerResponse) {
  if (first.done) return
  const afterwards = await Promise.race([second, new Promise<undefined>((r) => setImmediate(r))])
  if (afterwards?.done) outgoing.setHeader('content-length', first.value.length)
}

async function drained(outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) return
  const settled = new AbortController()
  const { signal } = settled
  await Promise.race([once(outgoing, 'drain', { signal }), once(outgoing, 'close', { signal })])
  settled.abort()
}

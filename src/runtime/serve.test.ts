import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '#runtime/serve.ts'
import { after, before, describe, test } from '#runtime/test.ts'

const MEBIBYTE = 1024 * 1024

/** What the handlers saw, for tests that look at the server's side. */
const seen = { uploadedBytes: 0, pulledBytes: 0, aborted: 0, cancelled: 0, cutUploads: 0 }
let releaseUpload = () => {}
let releaseDownload = () => {}

const routes: Record<string, (request: Request) => Response | Promise<Response>> = {
  '/length': () => new Response(null, { headers: { 'content-length': '1234', etag: '"x"' } }),
  '/text': () => new Response('hello', { headers: { 'content-type': 'text/plain' } }),
  '/throw': () => {
    throw new Error('thrown')
  },
  '/reject': () => Promise.reject(new Error('rejected')),
  '/upload': async (request) => Response.json(await sum(request)),
  '/refuse-midway': async (request) => {
    const reader = request.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    return new Response('no', { status: 507, headers: { 'content-type': 'text/plain' } })
  },
  '/held-upload': async (request) => {
    await new Promise<void>((resolve) => {
      releaseUpload = resolve
    })
    return Response.json(await sum(request))
  },
  '/endless': () => new Response(endless(), { headers: { 'content-type': 'x/y' } }),
  '/slow': () => new Response(slow(), { headers: { 'content-type': 'x/y' } }),
  '/wait': async (request) => {
    await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
    seen.aborted++
    return new Response('too late')
  },
}

async function sum(request: Request) {
  let bytes = 0
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.length
      seen.uploadedBytes += chunk.length
    }
  } catch (error) {
    seen.cutUploads++
    throw error
  }
  return { bytes }
}

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        await sleep(0)
        seen.pulledBytes += MEBIBYTE
        controller.enqueue(new Uint8Array(MEBIBYTE))
      },
      cancel() {
        seen.cancelled++
      },
    },
    { highWaterMark: 0 },
  )
}

/** One part at once, the other when released. */
function slow(): ReadableStream<Uint8Array> {
  let parts = 0
  return new ReadableStream({
    async pull(controller) {
      if (parts++ > 0) {
        await new Promise<void>((resolve) => {
          releaseDownload = resolve
        })
        controller.enqueue(new Uint8Array(1000))
        controller.close()
      } else controller.enqueue(new Uint8Array(1000))
    },
  })
}

function start() {
  return serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, connection) {
      const path = new URL(request.url).pathname
      const route = routes[path]
      if (route) return route(request)
      const facts = { url: request.url, method: request.method, from: connection.remoteAddress() }
      return Response.json(facts, { status: path === '/missing' ? 404 : 200 })
    },
    onError(error) {
      return new Response(`failed: ${error instanceof Error && error.message}`, { status: 500 })
    },
  })
}

/** Sends bytes as they are, and gives what came back within a moment. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data.toString('latin1')
  })
  socket.on('error', () => {})
  socket.write(text)
  for (let i = 0; i < 100 && !answer.includes('\r\n\r\n') && !socket.closed; i++) await sleep(20)
  await sleep(30)
  socket.destroy()
  return answer
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return
    await sleep(10)
  }
  assert.fail(`never happened: ${what}`)
}

function open(port: number, head: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(head)
      resolve(socket)
    })
    socket.on('error', () => {})
  })
}

describe('serve', () => {
  let server: Awaited<ReturnType<typeof serve>>
  before(async () => {
    server = await start()
  })
  after(() => server.stop(0))

  test('tells where it listens, and who asks', async () => {
    assert.equal(server.url, `http://127.0.0.1:${server.port}`)
    const response = await fetch(`${server.url}/missing`)
    assert.equal(response.status, 404)
    const facts = { url: `${server.url}/missing`, method: 'GET', from: '127.0.0.1' }
    assert.deepEqual(await response.json(), facts)
  })

  test('a port in use is an error', async () => {
    const { hostname, port } = server
    const again = serve({
      hostname,
      port,
      fetch: () => new Response(),
      onError: () => new Response(),
    })
    await assert.rejects(again, { code: 'EADDRINUSE' })
  })

  test('HEAD carries the content length of the handler', async () => {
    const answer = await raw(server.port, 'HEAD /length HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.match(answer, /\r\ncontent-length: 1234\r\n/i)
    assert.doesNotMatch(answer, /transfer-encoding/i)
    const response = await fetch(`${server.url}/length`, { method: 'HEAD' })
    assert.equal(response.headers.get('content-length'), '1234')
    assert.equal(response.headers.get('etag'), '"x"')
  })

  test('HEAD of a handler with a body sends no body', async () => {
    const answer = await raw(server.port, 'HEAD /text HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.ok(answer.endsWith('\r\n\r\n'), answer)
  })

  test('text says its length', async () => {
    const response = await fetch(`${server.url}/text`)
    assert.equal(response.headers.get('content-length'), '5')
    assert.equal(await response.text(), 'hello')
  })

  test('a handler that throws is answered by onError', async () => {
    for (const [path, message] of [
      ['/throw', 'thrown'],
      ['/reject', 'rejected'],
    ]) {
      const response = await fetch(`${server.url}${path}`)
      assert.equal(response.status, 500)
      assert.equal(await response.text(), `failed: ${message}`)
    }
  })

  test('the path arrives undecoded', async () => {
    const path = '/a//b%2fc%00%C3%A9/?q=%2f'
    const answer = await raw(server.port, `GET ${path} HTTP/1.1\r\nHost: a.b:80\r\n\r\n`)
    assert.ok(answer.includes(path), answer)
    assert.match(answer, /"http:\/\/a\.b(:80)?\/a/)
  })

  test('a whole URL as target leaves Host in charge', async () => {
    const answer = await raw(server.port, 'GET http://evil/x HTTP/1.1\r\nHost: a.b\r\n\r\n')
    assert.ok(answer.includes('"http://a.b/x"'), answer)
  })

  for (const host of [
    '',
    ' ',
    'a b',
    'a/b',
    'u@h',
    'a?b',
    'a#b',
    'a\\b',
    '[::1',
    'a:b',
    'a:99999999',
  ]) {
    test(`Host ${JSON.stringify(host)} is refused`, async () => {
      const answer = await raw(server.port, `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      assert.match(answer, /^HTTP\/1\.1 400 /)
    })
  }

  test('no Host is refused', async () => {
    assert.match(await raw(server.port, 'GET /x HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /)
    assert.match(await raw(server.port, 'GET /x HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 400 /)
  })

  test('TRACE and CONNECT are refused', async () => {
    const trace = await raw(server.port, 'TRACE /x HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.match(trace, /^HTTP\/1\.1 405 /)
    const tunnel = await raw(server.port, 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.match(tunnel, /^HTTP\/1\.1 405 /)
  })

  test('uploads stream, with a length and without', async () => {
    const body = new Uint8Array(5 * MEBIBYTE)
    const sized = await fetch(`${server.url}/upload`, { method: 'POST', body })
    assert.deepEqual(await sized.json(), { bytes: body.length })
    const stream = new Blob([body]).stream()
    const init = { method: 'POST', body: stream, duplex: 'half' } as const
    const chunked = await fetch(`${server.url}/upload`, init)
    assert.deepEqual(await chunked.json(), { bytes: body.length })
    const empty = await fetch(`${server.url}/upload`, { method: 'POST' })
    assert.deepEqual(await empty.json(), { bytes: 0 })
  })

  test('a body that nobody reads is not taken from the client', async () => {
    const total = 200 * MEBIBYTE
    const head = `POST /held-upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`
    const socket = await open(server.port, head)
    const chunk = new Uint8Array(MEBIBYTE)
    for (let i = 0; i < 200; i++) socket.write(chunk)
    await sleep(500)
    assert.ok(
      socket.writableLength > 150 * MEBIBYTE,
      `server took all but ${socket.writableLength}`,
    )
    let answer = ''
    socket.on('data', (data) => {
      answer += data.toString()
    })
    releaseUpload()
    await until(() => answer.includes(`{"bytes":${total}}`), 'the whole upload')
    socket.destroy()
  })

  test('an answer before the end of the body arrives, and the connection goes on', async () => {
    for (let round = 0; round < 40; round++) {
      const response = await fetch(`${server.url}/refuse-midway`, {
        method: 'PUT',
        body: new Uint8Array(400_000),
      })
      assert.equal(response.status, 507)
      assert.equal(await response.text(), 'no')
      const next = await fetch(`${server.url}/text`)
      assert.equal(await next.text(), 'hello')
    }
  })

  test('a slow reader is not buffered for, and leaving ends the body', async () => {
    seen.pulledBytes = 0
    seen.cancelled = 0
    const socket = await open(server.port, 'GET /endless HTTP/1.1\r\nHost: a\r\n\r\n')
    await sleep(700)
    const afterAWhile = seen.pulledBytes
    assert.ok(afterAWhile > 0 && afterAWhile < 30 * MEBIBYTE, `pulled ${afterAWhile}`)
    await sleep(300)
    assert.ok(seen.pulledBytes - afterAWhile < 3 * MEBIBYTE, 'went on pulling')
    socket.destroy()
    await until(() => seen.cancelled === 1, 'the body cancelled')
  })

  test('a client that leaves aborts the signal', async () => {
    seen.aborted = 0
    const socket = await open(server.port, 'GET /wait HTTP/1.1\r\nHost: a\r\n\r\n')
    await sleep(100)
    socket.destroy()
    await until(() => seen.aborted === 1, 'the signal aborted')
  })

  test('an upload cut short fails in the handler', async () => {
    seen.uploadedBytes = 0
    const head = 'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc'
    const socket = await open(server.port, head)
    await until(() => seen.uploadedBytes === 3, 'first bytes')
    const before = seen.cutUploads
    socket.destroy()
    await until(() => seen.cutUploads > before, 'the error')
  })

  test('a body above the limit is refused', async () => {
    const limited = await serve({
      hostname: '127.0.0.1',
      port: 0,
      maxRequestBodySize: 1000,
      fetch: async (request) => Response.json(await sum(request)),
      onError: () => new Response('failed', { status: 500 }),
    })
    const post = (length: number) =>
      fetch(limited.url, { method: 'POST', body: new Uint8Array(length) })
    assert.equal((await post(1000)).status, 200)
    assert.equal((await post(1001)).status, 413)
    await limited.stop(0)
  })

  test('stopping lets a download end', async () => {
    const stopping = await start()
    const response = await fetch(`${stopping.url}/slow`)
    const reader = response.body?.getReader()
    assert.equal((await reader?.read())?.value?.length, 1000)
    const stopped = stopping.stop(10_000)
    await sleep(100)
    await assert.rejects(fetch(`${stopping.url}/text`, { headers: { connection: 'close' } }))
    releaseDownload()
    assert.equal((await reader?.read())?.value?.length, 1000)
    assert.equal((await reader?.read())?.done, true)
    const started = Date.now()
    await stopped
    assert.ok(Date.now() - started < 5000, 'waited for a connection that was idle')
  })

  test('stopping cuts what does not end in time', async () => {
    const stopping = await start()
    const response = await fetch(`${stopping.url}/slow`)
    const started = Date.now()
    await stopping.stop(300)
    const elapsed = Date.now() - started
    assert.ok(elapsed >= 250 && elapsed < 5000, `took ${elapsed} ms`)
    await assert.rejects(response.arrayBuffer())
  })
})

import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { createServer as createRawServer, type Server as RawServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { allowList } from '#core/webhooks/target.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { type Receiver, startReceiver } from '#test/receiver.ts'
import { guardedPoster, type Resolve } from './guarded-poster.ts'

const loopback = allowList(['127.0.0.0/8'])
const nothing = allowList([])

function posting(url: string, ms = 5_000) {
  const headers = { 'content-type': 'application/json', 'x-one': '1' }
  return { url, headers, body: '{"ü":1}', signal: AbortSignal.timeout(ms) }
}

function portOf(server: Server | RawServer): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen')
  return address.port
}

function listen<S extends Server | RawServer>(server: S): Promise<S> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

describe('the guarded poster', () => {
  let receiver: Receiver
  let port: string

  before(async () => {
    receiver = await startReceiver()
    port = new URL(receiver.url).port
  })
  after(() => receiver.close())

  test('posts what it is given, and answers with status and excerpt', async () => {
    receiver.answer = { status: 202, body: 'thanks', headers: { 'retry-after': '7' } }
    const answer = await guardedPoster(loopback).post(posting(receiver.url))
    assert.deepEqual(answer, { status: 202, excerpt: 'thanks', retryAfter: '7' })
    const [got] = receiver.received.splice(0)
    assert.equal(got?.body, '{"ü":1}')
    assert.equal(got?.headers['x-one'], '1')
    assert.equal(got?.headers['content-length'], '8')
    assert.equal(got?.headers.host, `127.0.0.1:${port}`)
  })

  test('connects to the address that it checked, under the name that it was given', async () => {
    receiver.answer = { status: 200 }
    const asked: string[] = []
    const resolve: Resolve = async (host) => {
      asked.push(host)
      // The second answer would be refused: a name that changes its mind (DNS rebinding).
      return [{ address: asked.length === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
    }
    const poster = guardedPoster(loopback, resolve)
    const url = `http://hooks.example.invalid:${port}/x`
    assert.equal((await poster.post(posting(url))).status, 200)
    assert.deepEqual(asked, ['hooks.example.invalid'])
    assert.equal(receiver.received.splice(0)[0]?.headers.host, `hooks.example.invalid:${port}`)
    await assert.rejects(poster.post(posting(url)), failsWith('unprocessable'))
    assert.equal(receiver.received.length, 0)
  })

  test('refuses addresses that are not public, and names that mean one', async () => {
    const to =
      (...addresses: string[]): Resolve =>
      async () =>
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    const cases: ReadonlyArray<[string, Resolve | undefined]> = [
      [receiver.url, undefined],
      [`http://localhost:${port}/`, undefined],
      [`http://2130706433:${port}/`, undefined],
      [`http://[::ffff:127.0.0.1]:${port}/`, undefined],
      [`http://[::1]:${port}/`, undefined],
      ['http://169.254.169.254/latest/meta-data/', undefined],
      [`http://a.example:${port}/`, to('127.0.0.1')],
      [`http://a.example:${port}/`, to('::ffff:127.0.0.1')],
      [`http://a.example:${port}/`, to('::1')],
      // One that is not public is enough: which one is taken is not ours to say.
      [`http://a.example:${port}/`, to('8.8.8.8', '127.0.0.1')],
      [`http://a.example:${port}/`, to('fd00:ec2::254')],
    ]
    for (const [url, resolve] of cases) {
      const poster = guardedPoster(nothing, resolve)
      await assert.rejects(poster.post(posting(url)), failsWith('unprocessable'), url)
    }
    assert.equal(receiver.received.length, 0)
    const poster = guardedPoster(nothing, to())
    await assert.rejects(poster.post(posting('http://a.example/')), /has no address/)
  })

  test('follows no redirect', async () => {
    receiver.answer = { status: 302, headers: { location: 'http://127.0.0.1:1/' } }
    assert.equal((await guardedPoster(loopback).post(posting(receiver.url))).status, 302)
    assert.equal(receiver.received.splice(0).length, 1)
  })

  test('heeds no proxy', async () => {
    let isAsked = false
    const proxy = await listen(
      createRawServer((socket) => {
        isAsked = true
        socket.destroy()
      }),
    )
    const url = `http://127.0.0.1:${portOf(proxy)}`
    const { env } = process
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY']
    for (const name of names) env[name] = url
    try {
      receiver.answer = { status: 200 }
      // A name: what is local may be excepted from proxies.
      const poster = guardedPoster(loopback, async () => [{ address: '127.0.0.1', family: 4 }])
      const posted = await poster.post(posting(`http://hooks.example.invalid:${port}/`))
      assert.equal(posted.status, 200)
      assert.equal(receiver.received.splice(0).length, 1)
      assert.equal(isAsked, false)
    } finally {
      for (const name of names) delete env[name]
      proxy.close()
    }
  })

  test('reads no more of an answer than it keeps', async () => {
    let isClosed = false
    const server = await listen(
      createServer((_request, response) => {
        response.writeHead(200)
        const timer = setInterval(() => response.write('x'.repeat(900)), 1)
        response.on('close', () => {
          clearInterval(timer)
          isClosed = true
        })
      }),
    )
    const url = `http://127.0.0.1:${portOf(server)}/`
    const { status, excerpt } = await guardedPoster(loopback).post(posting(url))
    assert.deepEqual([status, excerpt], [200, 'x'.repeat(1024)])
    for (let tries = 0; !isClosed && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.equal(isClosed, true)
    server.close()
  })

  test('waits no longer than it is told: for a connection, an answer, or its body', async () => {
    const silent = await listen(createRawServer(() => {}))
    const half = await listen(
      createServer((_request, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('half')
      }),
    )
    const never: Resolve = () => new Promise(() => {})
    const cases: ReadonlyArray<[string, Resolve | undefined]> = [
      [`http://127.0.0.1:${portOf(silent)}/`, undefined],
      [`http://127.0.0.1:${portOf(half)}/`, undefined],
      ['http://a.example/', never],
    ]
    for (const [url, resolve] of cases) {
      const startedAt = performance.now()
      await assert.rejects(
        guardedPoster(loopback, resolve).post(posting(url, 100)),
        (error: unknown) => error instanceof Error && error.name === 'TimeoutError',
        url,
      )
      assert.ok(performance.now() - startedAt < 2_000, url)
    }
    silent.close()
    half.closeAllConnections()
    half.close()
  })

  test('a target that changes the protocol is given up at once', async () => {
    const head = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'
    const server = await listen(
      createRawServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.write(head))
      }),
    )
    const answer = guardedPoster(loopback).post(posting(`http://127.0.0.1:${portOf(server)}/`))
    await assert.rejects(answer, /answered 101/)
    server.close()
  })

  test('says why there was no answer', async () => {
    const gone = await listen(createServer())
    const free = portOf(gone)
    await new Promise((resolve) => gone.close(resolve))
    const poster = guardedPoster(loopback)
    await assert.rejects(poster.post(posting(`http://127.0.0.1:${free}/`)), /ECONNREFUSED/)
    const noise = await listen(createRawServer((socket) => socket.end('this is not HTTP\r\n\r\n')))
    await assert.rejects(poster.post(posting(`http://127.0.0.1:${portOf(noise)}/`)))
    noise.close()
    // No certificate that anybody knows: TLS is not let off.
    const tls = await listen(createTlsServer({}))
    await assert.rejects(poster.post(posting(`https://127.0.0.1:${portOf(tls)}/`)))
    tls.close()
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, test } from '#runtime/test.ts'
import { send } from './send.ts'

const SIZE = 16 * 1024 * 1024
const END_OF_HEAD = '\r\n\r\n'

/** What is known of a request on the way. */
interface Request {
  head: string
  bodyBytes: number
}

describe('an upload', () => {
  let server: Server
  /** Called whenever some more of a request came. */
  let answer: (socket: Socket, request: Request) => void
  before(async () => {
    server = createServer((socket) => {
      const seen = { head: '', bodyBytes: 0 }
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        answer(socket, notice(seen, chunk))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => void server.close())

  const bytes = new Uint8Array(SIZE).fill(65)
  const upload = (size = SIZE, onUpload = (_done: number, _total: number) => {}) => {
    const { port } = server.address() as { port: number }
    const url = `http://127.0.0.1:${port}/`
    return send({ method: 'POST', url, headers: {}, body: bytes.subarray(0, size), onUpload })
  }
  const say = (socket: Socket, status: number, more = '') =>
    socket.end(`HTTP/1.1 ${status} So\r\n${more}content-length: 3\r\nconnection: close\r\n\r\nwhy`)

  test('tells how far it is, and its length to the registry', async () => {
    // A registry that stops reading is one that the upload waits for.
    let goOn = () => {}
    let head = ''
    const stopped = new Promise<void>((resolve) => {
      answer = (socket, request) => {
        head = request.head
        answer = (_, { bodyBytes }) => void (bodyBytes === SIZE && say(socket, 200))
        goOn = () => socket.resume()
        socket.pause()
        resolve()
      }
    })
    const told: number[] = []
    const sent = upload(SIZE, (done, total) => {
      assert.equal(total, SIZE)
      told.push(done)
    })
    await stopped
    let before = -1
    while (before !== told.length) {
      before = told.length
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.ok((told.at(-1) ?? 0) < SIZE, 'all is said to be sent, and nobody takes it')
    goOn()
    assert.equal((await sent).status, 200)
    assert.equal(told.at(-1), SIZE)
    assert.deepEqual(
      told,
      told.toSorted((one, other) => one - other),
    )
    assert.match(head, /^content-length: 16777216$/im)
    assert.doesNotMatch(head, /transfer-encoding/i)
  })

  test('that is refused on the way hears why', async () => {
    for (const status of [401, 403, 413]) {
      answer = (socket, { bodyBytes }) => {
        if (bodyBytes > 100_000 && !socket.writableEnded) say(socket, status)
      }
      const { status: said, bytes: text } = await upload()
      assert.deepEqual([said, Buffer.from(text).toString()], [status, 'why'])
    }
  })

  test('is sent whole again when the registry asks for patience', async () => {
    const told: number[] = []
    answer = (socket, { bodyBytes }) => {
      if (bodyBytes < 200_000) return
      if (told.filter((done) => done === 200_000).length > 1) say(socket, 201)
      else say(socket, 429, 'retry-after: 0\r\n')
    }
    const { status } = await upload(200_000, (done) => told.push(done))
    assert.equal(status, 201)
    assert.deepEqual(told.slice(0, told.length / 2), told.slice(told.length / 2))
  })

  test('of nothing is one too', async () => {
    answer = (socket) => void say(socket, 200)
    assert.equal((await upload(0)).status, 200)
  })

  test('whose connection breaks is not made again, and says so', async () => {
    let connections = 0
    answer = (socket) => {
      connections++
      answer = () => {}
      socket.resetAndDestroy()
    }
    await assert.rejects(upload(), /does not answer/)
    assert.equal(connections, 1)
  })
})

function notice(request: Request, chunk: Buffer): Request {
  const end = request.head === '' ? chunk.indexOf(END_OF_HEAD) : -1
  if (end >= 0) request.head = chunk.toString('latin1', 0, end)
  request.bodyBytes += chunk.byteLength - (end >= 0 ? end + END_OF_HEAD.length : 0)
  return request
}

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '#runtime/sqlite.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestCli, type StartedServer, type TestCli } from './test-cli.ts'

describe('entrepot serve', () => {
  let cli: TestCli
  let server: StartedServer
  let secret = ''

  before(async () => {
    cli = await openTestCli()
    server = await cli.serve()
  })
  after(() => cli.close())

  const basic = (password: string) => ({
    authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`,
  })
  const login = async (password: string) =>
    (await fetch(`${server.url}/v2/`, { headers: basic(password) })).status

  test('says where it serves, from what, and that the schema is new', () => {
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
    assert.match(server.banner, /migrated: 0001-core/)
    assert.ok(server.banner.includes(`data        ${join(cli.dir, 'data')}`), server.banner)
    const database = cli.databaseUrl ? 'postgres' : `sqlite:${join(cli.dir, 'data/entrepot.db')}`
    assert.ok(server.banner.includes(`database    ${database}`), server.banner)
  })

  test('the commands it prints make the first operator and a token that works', async () => {
    const commands = server.banner.split('\n').filter((line) => /^ {2}\S*entrepot /.test(line))
    assert.equal(commands.length, 2)
    const [user = '', token = ''] = commands
    assert.deepEqual(await cli.shell(user), {
      code: 0,
      stdout: 'made the operator ann\n',
      stderr: '',
    })
    const { code, stdout, stderr } = await cli.shell(token)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.match(stdout, /^ent_\w+\n$/)
    secret = stdout.trim()
    assert.equal(await login(secret), 200)
  })

  test('the address that it derives is the one it listens on', async () => {
    const response = await fetch(`${server.url}/v2/`)
    assert.match(
      response.headers.get('www-authenticate') ?? '',
      new RegExp(`"${server.url}/token"`),
    )
  })

  test('a token that is revoked beside the running server is refused at once', async () => {
    const made = await cli.run(['token', 'create', '--user', 'ann', '--scope', 'read', '--json'])
    assert.deepEqual({ code: made.code, stderr: made.stderr }, { code: 0, stderr: '' })
    const { token, secret: other } = JSON.parse(made.stdout)
    assert.equal(await login(other), 200)
    const revoked = await cli.run(['token', 'revoke', String(token.id)])
    assert.deepEqual(revoked, { code: 0, stdout: `revoked the token ${token.id}\n`, stderr: '' })
    assert.equal(await login(other), 401)
    assert.equal(await login(secret), 200)
  })

  test('a disabled user is out at once, an enabled one in', async () => {
    await cli.run(['user', 'disable', 'ann'])
    assert.equal(await login(secret), 401)
    await cli.run(['user', 'enable', 'ann'])
    assert.equal(await login(secret), 200)
  })

  test('logs JSON to stderr, without secrets', () => {
    for (const line of server.stderr().trim().split('\n')) {
      assert.equal(typeof JSON.parse(line).msg, 'string')
    }
    assert.ok(!server.stderr().includes(secret))
  })

  test('a port that is taken is told, with what to do', async () => {
    const { port } = new URL(server.url)
    const { code, stderr } = await cli.run(['serve', '--listen', `127.0.0.1:${port}`])
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^entrepot: port ${port} on 127.0.0.1 is in use`))
    assert.match(stderr, /--listen 127\.0\.0\.1:\d+/)
  })

  test('SIGTERM lets a download end, takes no new connection, and ends well', async () => {
    await cli.run(['namespace', 'create', 'acme', '--owner', 'ann'])
    const bytes = randomBytes(48 * 1024 * 1024)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    const pushed = await fetch(`${server.url}/v2/acme/app/blobs/uploads/?digest=${digest}`, {
      method: 'POST',
      headers: { ...basic(secret), 'content-type': 'application/octet-stream' },
      body: bytes,
    })
    assert.equal(pushed.status, 201, server.stderr())
    const download = await startDownload(server.url, `/v2/acme/app/blobs/${digest}`, basic(secret))
    server.kill('SIGTERM')
    await untilRefused(server.url)
    let hasEnded = false
    void server.ended.then(() => {
      hasEnded = true
    })
    await sleep(200)
    assert.equal(hasEnded, false)
    const received = await download.rest()
    assert.ok(received.subarray(received.indexOf('\r\n\r\n') + 4).equals(bytes))
    assert.equal((await server.ended).code, 0)
    assert.match(server.stderr(), /"msg":"stopped"/)
  })

  test('starts quickly, and with users says no more how to make one', async () => {
    const times: number[] = []
    // The machine may be busy: the best of five is what it takes. Node compiles TypeScript first.
    const maxMs = 'Bun' in globalThis ? 1000 : 3000
    for (let i = 0; i < 5 && !(Math.min(...times) < maxMs); i++) {
      const again = await cli.serve()
      times.push(again.startMs)
      assert.doesNotMatch(again.banner, /no user/)
      assert.match(again.banner, /up to date/)
      again.kill('SIGINT')
      assert.equal((await again.ended).code, 0)
    }
    assert.ok(Math.min(...times) < maxMs, `started in ${times.join(', ')} ms`)
  })

  test('what does not end within the grace time is cut', async () => {
    const held = await cli.serve([], { ENTREPOT_LIMITS_SHUTDOWN_GRACE: '1s' })
    const socket = await hangUpload(held.url)
    held.kill('SIGTERM')
    const startedAt = performance.now()
    assert.equal((await held.ended).code, 0)
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs > 700 && tookMs < 10_000, `${tookMs} ms`)
    socket.destroy()
  })

  test('a second signal ends it at once', async () => {
    const held = await cli.serve()
    const socket = await hangUpload(held.url)
    held.kill('SIGTERM')
    await untilRefused(held.url)
    held.kill('SIGTERM')
    assert.equal((await held.ended).code, 143)
    socket.destroy()
  })

  /** An upload whose body never comes to its end. */
  async function hangUpload(url: string): Promise<Socket> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => {})
    const { authorization } = basic(secret)
    socket.write(
      `POST /v2/acme/app/blobs/uploads/?digest=sha256:${'a'.repeat(64)} HTTP/1.1\r\n` +
        `Host: localhost\r\nAuthorization: ${authorization}\r\nContent-Length: 100\r\n\r\nsome`,
    )
    await sleep(300)
    return socket
  }

  test('flags are repeated in the commands it prints', async () => {
    const elsewhere = await cli.serve(['--data', "it's here"])
    if (cli.databaseUrl === undefined) {
      assert.match(elsewhere.banner, /--operator --data 'it'\\''s here'\n/)
    }
    elsewhere.kill('SIGTERM')
    assert.equal((await elsewhere.ended).code, 0)
  })
})

describe('entrepot serve, when it cannot', () => {
  let cli: TestCli
  before(async () => {
    cli = await openTestCli()
  })
  after(() => cli.close())

  test('says that the data directory cannot be written', async () => {
    await writeFile(join(cli.dir, 'file'), '')
    const { code, stderr } = await cli.run(['serve', '--data', 'file/data'])
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^entrepot: cannot write .*file\/data: a part of the path is not a directory\n/,
    )
    assert.match(stderr, /--data/)
  })

  test('says that the database does not answer, without its password', async () => {
    const port = await closedPort()
    const url = `postgres://entrepot:hunter2hunter2@127.0.0.1:${port}/entrepot`
    const { code, stdout, stderr } = await cli.run(['serve', '--database-url', url])
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
    assert.match(stderr, /^entrepot: the database postgres:.* does not answer/m)
    assert.ok(!stderr.includes('hunter2'))
    assert.match(stderr, /ENTREPOT_DATABASE_URL/)
  })

  test('says that the schema is newer than itself', async () => {
    const database = openDatabase(join(cli.dir, 'newer.db'))
    database.exec('create table migrations (name text primary key, applied_at bigint not null)')
    database.exec("insert into migrations values ('9999-future', 0)")
    database.close()
    const { code, stderr } = await cli.run(['serve', '--database-url', 'sqlite:newer.db'])
    assert.equal(code, 1)
    assert.match(stderr, /^entrepot: the database has migration 9999-future.*newer entrepot\n/)
  })

  test('says that the file is no database', async () => {
    await writeFile(
      join(cli.dir, 'text.db'),
      'this is text, and long enough not to be a header'.repeat(99),
    )
    const { code, stderr } = await cli.run(['serve', '--database-url', 'sqlite:text.db'])
    assert.equal(code, 1)
    assert.match(stderr, /^entrepot: cannot use the database .*text\.db: it is not a database\n/)
  })

  test('lists everything that is wrong with its settings', async () => {
    const { code, stderr } = await cli.run(
      ['serve', '--listen', 'nowhere', '--log-level', 'loud'],
      {
        ENTREPOT_DATTA: 'x',
      },
    )
    assert.equal(code, 2)
    for (const part of ['listen: "nowhere"', 'log.level: "loud"', 'did you mean ENTREPOT_DATA?']) {
      assert.ok(stderr.includes(part), stderr)
    }
  })
})

/** Starts a download, and holds it after its first bytes until the rest is asked for. */
async function startDownload(url: string, path: string, headers: Record<string, string>) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const chunks: Buffer[] = []
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const ended = new Promise<void>((done) => socket.once('close', () => done()))
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (chunks.length > 1) return
    socket.pause()
    resolve()
  })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`)
  await begun
  return {
    async rest(): Promise<Buffer> {
      socket.resume()
      await ended
      return Buffer.concat(chunks)
    },
  }
}

async function untilRefused(url: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const isRefused = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      socket.once('error', () => resolve(true))
      socket.once('connect', () => {
        socket.destroy()
        resolve(false)
      })
    })
    if (isRefused) return
    await sleep(50)
  }
  throw new Error('the server still takes connections')
}

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 1))
    })
  })
}

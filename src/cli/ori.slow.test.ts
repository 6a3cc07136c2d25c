import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { digestOf } from '#core/blobs/digest.ts'
import { generateSeed, signerOf } from '#core/log/note.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { changeLine, flipped, openRoad, type Road, type Tamper } from '#test/road.ts'
import { openTestCli, PROGRAM, type Ran, type StartedServer, type TestCli } from './test-cli.ts'

const JSON_PACKAGE = '@acme/json'

describe('entrepot ori', () => {
  let cli: TestCli
  let server: StartedServer
  let registry: string
  let ann: string
  let sam: string

  before(async () => {
    cli = await openTestCli()
    const ok = async (...args: string[]) => succeed(await cli.run(args)).trim()
    for (const name of ['ann', 'sam']) {
      await ok('user', 'create', name, '--email', `${name}@example.org`)
    }
    await ok('namespace', 'create', 'acme', '--owner', 'ann')
    await ok('namespace', 'create', 'samco', '--owner', 'sam')
    const scopes = ['--scope', 'read,publish,admin']
    ann = await ok('token', 'create', '--user', 'ann', ...scopes)
    sam = await ok('token', 'create', '--user', 'sam', ...scopes)
    server = await cli.serve()
    registry = `${server.url}/ori`
  })
  after(() => cli.close())

  /** Runs `entrepot ori …` in a home of its own. */
  async function ori(home: string, args: readonly string[], env: Record<string, string> = {}) {
    await mkdir(join(cli.dir, home), { recursive: true })
    const HOME = join(cli.dir, home)
    return await cli.run(['ori', ...args], { HOME, ORI_REGISTRY: registry, ...env })
  }

  async function project(folder: string, lines = '', version = '1.0.0'): Promise<string> {
    const root = join(cli.dir, folder)
    await mkdir(join(root, 'src', 'deep'), { recursive: true })
    await mkdir(join(root, 'target'), { recursive: true })
    await writeFile(join(root, 'oripk.toml'), manifest(folder, version, lines))
    await writeFile(join(root, 'src', 'lib.ori'), '// reads and writes JSON\n')
    await writeFile(join(root, 'src', 'deep', 'parse.ori'), '// parses\n')
    await writeFile(join(root, 'src', 'notes.tmp'), 'mine')
    await writeFile(join(root, 'README.md'), '# JSON\n')
    await writeFile(join(root, '.gitignore'), '*.tmp\n')
    await writeFile(join(root, 'target', 'lib.o'), 'built')
    return folder
  }

  test('packs the same tree to the same bytes, and says what is wrong with it', async () => {
    await project('json')
    const [first, second] = await Promise.all([
      ori('nobody', ['--help']).then(() =>
        ori('nobody', ['publish', 'json', '--dry-run', '--json']),
      ),
      ori('nobody2', ['publish', 'json', '--dry-run', '--json']),
    ])
    const packed = JSON.parse(succeed(first)) as { files: Array<{ path: string }> }
    assert.deepEqual(JSON.parse(succeed(second)), packed)
    const paths = packed.files.map(({ path }) => path).sort()
    assert.deepEqual(paths, ['README.md', 'oripk.toml', 'src/deep/parse.ori', 'src/lib.ori'])
    await project('bad', '[dependencies.x]\ngit = "https://example.org"\n')
    const bad = await ori('nobody', ['publish', 'bad', '--dry-run'])
    assert.deepEqual([bad.code, bad.stdout], [1, ''])
    assert.match(bad.stderr, /oripk\.toml: dependencies\."x": not the @scope\/name/)
    const none = await ori('nobody', ['publish', 'nowhere'])
    assert.match(none.stderr, /there is no oripk\.toml in nowhere/)
  })

  test('login keeps a token that works, for its owner alone', async () => {
    const wrong = await ori('ann', ['login']).catch(() => undefined)
    assert.equal(wrong?.code, 1)
    const env = { HOME: join(cli.dir, 'ann'), ORI_REGISTRY: registry }
    const bad = await cli.shell(`echo ori_wrong | '${PROGRAM}' ori login`, env)
    assert.equal(bad.code, 1)
    assert.match(bad.stderr, /credential|token/)
    assert.ok(!existsSync(join(cli.dir, 'ann', '.ori', 'credentials.toml')))
    const good = await cli.shell(`echo '${ann}' | '${PROGRAM}' ori login`, env)
    assert.match(succeed(good), /^ann \(admin, publish, read\) is logged in to http/)
    const file = join(cli.dir, 'ann', '.ori', 'credentials.toml')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.equal((await stat(join(cli.dir, 'ann', '.ori'))).mode & 0o777, 0o700)
    assert.ok((await readFile(file, 'utf8')).includes(ann))
  })

  test('publish, search, info, download in a fresh home', async () => {
    await project('json', '[scripts]\nbuild = "make [all]"\n[features]\ndefault = []\n')
    const refused = await ori('fresh', ['publish', 'json'])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /ori login/)
    const published = succeed(await ori('ann', ['publish', 'json']))
    assert.match(published, /^published @acme\/json 1\.0\.0 \(4 files, .*\nsha256:[0-9a-f]{64}\n$/)
    const checksum = published.trim().split('\n')[1] ?? ''
    const again = await ori('ann', ['publish', 'json'])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /take the next number/)
    const found = succeed(await ori('fresh', ['search', 'json']))
    assert.equal(found, '@acme/json\t1.0.0\tReads JSON\t-\n')
    const asJson = JSON.parse(succeed(await ori('fresh', ['search', 'json', '--json'])))
    assert.equal(asJson.results[0].name, JSON_PACKAGE)
    const info = succeed(await ori('fresh', ['info', JSON_PACKAGE]))
    assert.ok(info.includes(`checksum:     ${checksum}\n`), info)
    const told = JSON.parse(
      succeed(await ori('fresh', ['info', `${JSON_PACKAGE}@1.0.0`, '--json'])),
    )
    assert.equal(told.checksum, checksum)
    const got = await ori('fresh', ['download', JSON_PACKAGE])
    assert.match(succeed(got), /^acme-json-1\.0\.0\.oripk: .* log proof are right\n/)
    assert.match(got.stderr, /from now on only this log key is believed: \S+\/log\+/)
    assert.equal(digestOf(await readFile(join(cli.dir, 'acme-json-1.0.0.oripk'))), checksum)
    assert.equal((await ori('fresh', ['download', JSON_PACKAGE])).stderr, '')
  })

  test('yank, unyank, deprecate', async () => {
    const release = `${JSON_PACKAGE}@1.0.0`
    succeed(await ori('ann', ['yank', release, '--reason', 'loses data']))
    const fresh = await ori('fresh', ['download', release])
    assert.match(fresh.stderr, /is yanked\n.*--lock/)
    assert.equal(fresh.code, 1)
    const none = await ori('fresh', ['download', JSON_PACKAGE])
    assert.match(none.stderr, /all versions of @acme\/json are yanked/)
    const { checksum } = JSON.parse(succeed(await ori('fresh', ['info', release, '--json'])))
    const lock = async (file: string, sum: string) =>
      await writeFile(join(cli.dir, file), `[checksums]\n"${JSON_PACKAGE}:1.0.0" = "${sum}"\n`)
    await lock('app.lock', checksum)
    const locked = await ori('fresh', ['download', release, '--lock', 'app.lock'])
    assert.match(succeed(locked), /log proof are right/)
    await lock('other.lock', `sha256:${'0'.repeat(64)}`)
    const other = await ori('fresh', ['download', release, '--lock', 'other.lock'])
    assert.equal(other.code, 1)
    assert.match(other.stderr, /is not what the lock has/)
    succeed(await ori('ann', ['unyank', release]))
    succeed(await ori('ann', ['deprecate', release, 'use 2.x']))
    assert.match((await ori('fresh', ['download', release])).stderr, /is deprecated: use 2\.x/)
    succeed(await ori('ann', ['deprecate', release, '--clear']))
    assert.equal((await ori('fresh', ['download', release])).stderr, '')
    const usage = await ori('ann', ['deprecate', release])
    assert.deepEqual([usage.code, usage.stdout], [2, ''])
    assert.equal((await ori('ann', ['yank', JSON_PACKAGE])).code, 2)
  })

  test('audit finds an advisory about what is locked', async () => {
    const zero = `sha256:${'0'.repeat(64)}`
    const lock = (version: string) => `[checksums]\n"${JSON_PACKAGE}:${version}" = "${zero}"\n`
    await writeFile(join(cli.dir, 'hit.lock'), lock('1.0.0'))
    await writeFile(join(cli.dir, 'safe.lock'), lock('1.0.1'))
    const document = {
      id: 'ORISA-2026-0001',
      summary: 'Deep nesting exhausts the stack',
      affected: [{ package: { ecosystem: 'Ori', name: JSON_PACKAGE }, versions: ['1.0.0'] }],
    }
    await writeFile(join(cli.dir, 'advisory.json'), JSON.stringify(document))
    assert.match(succeed(await ori('fresh', ['audit', 'hit.lock'])), /^no advisories about 1 /)
    succeed(await cli.run(['advisory', 'add', '--publish', 'advisory.json']))
    const hit = await ori('fresh', ['audit', 'hit.lock'])
    assert.equal(hit.code, 1)
    assert.match(hit.stdout, /^@acme\/json\t1\.0\.0\tORISA-2026-0001\t.*Deep nesting/)
    assert.equal((await ori('fresh', ['audit', 'safe.lock'])).code, 0)
    const asJson = await ori('fresh', ['audit', 'hit.lock', '--json'])
    assert.equal(asJson.code, 1)
    assert.equal(JSON.parse(asJson.stdout).hits[0].advisory.id, document.id)
    const missing = await ori('fresh', ['audit'])
    assert.match(missing.stderr, /there is no oripk\.lock/)
  })

  test('publish writes a lock anew that does not match, unless told not to', async () => {
    const { checksum: json } = JSON.parse(
      succeed(await ori('ann', ['info', `${JSON_PACKAGE}@1.0.0`, '--json'])),
    )
    const file = join(cli.dir, 'app', 'oripk.lock')
    const lock = () => readFile(file, 'utf8')
    const jsonLine = `"${JSON_PACKAGE}:1.0.0" = "${json}"\n`
    await project('app', `[dependencies]\n"${JSON_PACKAGE}" = "1.0.0"\n`)
    const strict = await ori('ann', ['publish', 'app', '--locked'])
    assert.equal(strict.code, 1)
    assert.match(
      strict.stderr,
      /app\/oripk\.lock does not match oripk\.toml: it has no checksum of @acme\/json:1\.0\.0\n.*`entrepot ori publish` without --locked/,
    )
    const dry = await ori('ann', ['publish', 'app', '--dry-run'])
    assert.match(succeed(dry), /\(5 files/)
    assert.match(dry.stderr, /oripk\.lock would be written anew:\n {2}\+ @acme\/json:1\.0\.0\n/)
    assert.ok(!existsSync(file))
    await writeFile(file, `[checksums]\n"${JSON_PACKAGE}:0.9.0" = "sha256:${'0'.repeat(64)}"\n`)
    const published = await ori('ann', ['publish', 'app'])
    assert.match(succeed(published), /^published @acme\/app 1\.0\.0 \(5 files/)
    assert.match(
      published.stderr,
      /is written anew:\n {2}\+ @acme\/json:1\.0\.0\n {2}- @acme\/json:0\.9\.0\n/,
    )
    assert.equal(await lock(), `[checksums]\n${jsonLine}`)
    await project('top', '[dependencies]\n"@acme/app" = "1.0.0"\n')
    succeed(await ori('ann', ['publish', 'top']))
    const whole = await readFile(join(cli.dir, 'top', 'oripk.lock'), 'utf8')
    assert.match(
      whole,
      /^\[checksums\]\n"@acme\/app:1\.0\.0" = "sha256:[0-9a-f]{64}"\n"@acme\/json/,
    )
    assert.ok(whole.endsWith(jsonLine))
    const right = await ori('ann', ['publish', 'top', '--locked', '--dry-run'])
    assert.deepEqual([right.code, right.stderr], [0, ''])
    // What was locked is never exchanged in silence.
    await project('top', '[dependencies]\n"@acme/app" = "1.0.0"\n"@acme/json" = "1.0.0"\n', '1.0.1')
    const wrong = whole
      .replace(/("@acme\/app.*sha256:)[0-9a-f]{8}/, '$100000000')
      .replace(jsonLine, '')
    await writeFile(join(cli.dir, 'top', 'oripk.lock'), wrong)
    const swapped = await ori('ann', ['publish', 'top'])
    assert.equal(swapped.code, 1)
    assert.match(
      swapped.stderr,
      /@acme\/app:1\.0\.0 is not what the lock has: locked sha256:00000000/,
    )
    await project('top', '', '1.0.1')
    await writeFile(join(cli.dir, 'top', 'oripk.lock'), whole)
    const none = await ori('ann', ['publish', 'top', '--locked'])
    assert.match(none.stderr, /nothing needs @acme\/app:1\.0\.0/)
    succeed(await ori('ann', ['publish', 'top']))
    assert.equal(await readFile(join(cli.dir, 'top', 'oripk.lock'), 'utf8'), '[checksums]\n')
  })

  test('transfer to a second user, by the word of both', async () => {
    await project('gift')
    succeed(await ori('ann', ['publish', 'gift']))
    const as = (token: string) => ({ ORI_REGISTRY_TOKEN: token })
    const offered = await ori('ann', ['transfer', '@acme/gift', '--to', 'sam', '--json'])
    const { id, status } = JSON.parse(succeed(offered))
    assert.equal(status, 'pending')
    const both = ['transfer', '@acme/gift', '--accept', id, '--cancel', id]
    assert.equal((await ori('sam', both, as(sam))).code, 2)
    const self = await ori('ann', ['transfer', '@acme/gift', '--accept', id])
    assert.equal(self.code, 1)
    const accept = ['transfer', '@acme/gift', '--accept', id, '--scope', 'samco']
    const accepted = await ori('sam', accept, as(sam))
    assert.equal(succeed(accepted), '@acme/gift is @samco/gift now\n')
    const moved = await ori('fresh', ['download', '@acme/gift@1.0.0'])
    assert.match(moved.stderr, /moved to @samco\/gift/)
    const got = await ori('fresh', ['download', '@samco/gift@1.0.0'])
    assert.match(succeed(got), /checksum and log proof are right/)
  })

  describe('which registry, with which token, by which way', () => {
    const shown: Array<string | undefined> = []
    let other: Server
    let port: number

    before(async () => {
      other = createServer((request, response) => {
        shown.push(request.headers.authorization)
        request.resume()
        response.writeHead(200).end('{"total":0,"results":[]}')
      })
      // A proxy that leads everywhere to the same place.
      other.on('connect', (_request, socket: Socket) => {
        shown.push('CONNECT')
        const inner = connect(port, '127.0.0.1')
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        socket.pipe(inner).pipe(socket)
        for (const one of [socket, inner]) one.on('error', () => socket.destroy())
      })
      other.listen(0, '127.0.0.1')
      await once(other, 'listening')
      port = (other.address() as { port: number }).port
    })
    after(() => {
      other.closeAllConnections()
      other.close()
    })

    test('a registry that only a manifest names never gets the token of the default one', async () => {
      const tables = `[registries.far-off]\nurl = "http://127.0.0.1:${port}"\n`
      await project('named', `${tables}[publish]\nregistry = "far-off"\n`)
      shown.length = 0
      const ran = await ori('ann', ['publish', 'named'], { ORI_REGISTRY_TOKEN: ann })
      assert.match(ran.stderr, /does not answer as the protocol says/)
      const own = { ORI_REGISTRY_FAR_OFF_TOKEN: 'its-own' }
      assert.equal((await ori('ann', ['publish', 'named'], own)).code, 1)
      assert.deepEqual(shown, [undefined, 'Bearer its-own'])
      await project('nameless', '[publish]\nregistry = "nowhere"\n')
      const none = await ori('ann', ['publish', 'nameless'])
      assert.match(none.stderr, /names the registry nowhere, which \[registries\] has not/)
    })

    test('proxies of the environment are used, but not for what NO_PROXY names', async () => {
      const proxy = `http://127.0.0.1:${port}`
      const env = { HTTP_PROXY: proxy, http_proxy: proxy, ORI_ALLOW_INSECURE_REGISTRY: '1' }
      shown.length = 0
      const far = ['search', 'json', '--registry', 'http://registry.invalid/ori']
      assert.equal(succeed(await ori('fresh', far, env)), '')
      assert.ok(shown.length > 0)
      shown.length = 0
      const near = { ...env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
      assert.match(succeed(await ori('fresh', ['search', 'json'], near)), /^@acme\/json/)
      assert.deepEqual(shown, [])
    })
  })

  describe('on a road with a robber', () => {
    let road: Road
    let address: string
    const release = `${JSON_PACKAGE}@1.0.0`

    before(async () => {
      road = await openRoad(server.url)
      address = `${road.url}/ori`
    })
    after(() => road.close())

    async function robbed(home: string, by: Tamper, more: readonly string[] = []): Promise<Ran> {
      road.tamper(by)
      const file = `${home}.oripk`
      const args = ['download', release, '--registry', address, '--output', file, ...more]
      const ran = await ori(home, args)
      road.tamper(() => undefined)
      assert.equal(existsSync(join(cli.dir, file)), ran.code === 0, ran.stderr)
      return ran
    }

    const isProof = (path: string) => path.endsWith('.tlog-proof')

    test('an honest one is passed', async () => {
      assert.match(succeed(await robbed('traveller', () => undefined)), /are right/)
    })

    test('a changed archive', async () => {
      const ran = await robbed('archive', (path, body) =>
        path.endsWith('/download') ? flipped(body, body.length >> 1) : undefined,
      )
      assert.equal(ran.code, 1)
      assert.match(
        ran.stderr,
        /the archive of @acme\/json 1\.0\.0 was changed: it should be sha256/,
      )
    })

    test('a changed archive and the checksum to go with it', async () => {
      let swapped = Buffer.alloc(0)
      const path = `${registry}/v1/packages/acme/json/1.0.0/download`
      swapped = flipped(Buffer.from(await (await fetch(path)).arrayBuffer()), 30)
      const ran = await robbed('swapped', (path, body) => {
        if (path.endsWith('/download')) return swapped
        if (!path.endsWith('/metadata')) return undefined
        const about = JSON.parse(body.toString())
        return Buffer.from(JSON.stringify({ ...about, checksum: digestOf(swapped) }))
      })
      assert.equal(ran.code, 1)
      assert.match(ran.stderr, /the log proof is not right: the proof does not show @acme\/json/)
    })

    test('a changed hash of the tree', async () => {
      const ran = await robbed('proof', (path, body) =>
        isProof(path) ? changeLine(body, (_, at) => at === 2) : undefined,
      )
      assert.equal(ran.code, 1)
      assert.match(ran.stderr, /the log proof is not right/)
      const cut = await robbed('proof', (path) =>
        isProof(path) ? Buffer.from('c2sp.org/tlog-proof@v1\n') : undefined,
      )
      assert.match(cut.stderr, /the log proof is damaged/)
    })

    test('a changed checkpoint', async () => {
      const ran = await robbed('checkpoint', (path, body) => {
        if (!isProof(path)) return undefined
        const root = body.toString().split('\n\n')[1]?.split('\n')[2]
        return changeLine(body, (line) => line === root)
      })
      assert.equal(ran.code, 1)
      assert.match(ran.stderr, /checkpoint is not what the log signed: the signature/)
    })

    test('another key than the one that was believed, and back', async () => {
      const shown = (await (await fetch(`${server.url}/log/`)).json()) as { verifierKeys: string[] }
      const right = shown.verifierKeys[0] ?? ''
      const name = right.split('+')[0] ?? ''
      const wrong = signerOf(name, generateSeed()).verifier.text
      const refused = await robbed('key', () => undefined, ['--log-key', wrong])
      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /signed with another key \(.*--log-key KEY/s)
      assert.ok(!existsSync(join(cli.dir, 'key', '.ori', 'log-keys.toml')))
      succeed(await robbed('key', () => undefined, ['--log-key', right]))
      const pins = join(cli.dir, 'key', '.ori', 'log-keys.toml')
      assert.equal((await stat(pins)).mode & 0o777, 0o600)
      await writeFile(pins, (await readFile(pins, 'utf8')).replace(right, wrong))
      const args = ['download', release, '--registry', address, '--output', 'key2.oripk']
      const changed = await ori('key', args)
      assert.equal(changed.code, 1)
      assert.match(changed.stderr, /signed with another key/)
      assert.ok(!existsSync(join(cli.dir, 'key2.oripk')))
      assert.equal((await robbed('nokey', () => undefined, ['--log-key', 'x'])).code, 2)
    })

    test('a log that is not the one seen before', async () => {
      succeed(await robbed('fork', () => undefined))
      const pins = join(cli.dir, 'fork', '.ori', 'log-keys.toml')
      const text = await readFile(pins, 'utf8')
      await writeFile(pins, text.replace(/root = ".*"/, `root = "${'A'.repeat(43)}="`))
      const args = ['download', release, '--registry', address, '--output', 'fork2.oripk']
      const ran = await ori('fork', args)
      assert.equal(ran.code, 1)
      assert.match(ran.stderr, /not the one that was seen before/)
      // What a registry that was set back to an old backup looks like.
      await writeFile(pins, text.replace(/size = .*/, 'size = 9999'))
      const back = await ori('fork', args)
      assert.equal(back.code, 1)
      assert.match(back.stderr, /does not show that it only grew .* entries, not 9999/)
      await writeFile(pins, text)
      await project('later')
      succeed(await ori('ann', ['publish', 'later']))
      succeed(await ori('fork', args))
    })

    test('waits as long as it is asked to, and not for ever', async () => {
      let asked = 0
      const busy = createServer((_request, response) => {
        asked++
        if (asked > 2) response.writeHead(200).end('{"total":0,"results":[]}')
        else response.writeHead(asked === 1 ? 503 : 429, { 'retry-after': '1' }).end()
      }).listen(0, '127.0.0.1')
      await once(busy, 'listening')
      const { port } = busy.address() as { port: number }
      const startedAt = performance.now()
      succeed(await ori('patient', ['search', 'x', '--registry', `http://127.0.0.1:${port}`]))
      assert.equal(asked, 3)
      assert.ok(performance.now() - startedAt > 2000)
      busy.closeAllConnections()
      busy.close()
    })

    test('does not follow to another host, nor send a token in the clear', async () => {
      let seen = 0
      const elsewhere = createServer((_request, response) => {
        seen++
        response.writeHead(200).end('{"total":0,"results":[]}')
      }).listen(0, '127.0.0.1')
      const first = createServer((_request, response) => {
        const { port } = elsewhere.address() as { port: number }
        response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end()
      }).listen(0, '127.0.0.1')
      await Promise.all([elsewhere, first].map((one) => one.listening || once(one, 'listening')))
      const { port } = first.address() as { port: number }
      const ran = await ori('fresh', ['search', 'x', '--registry', `http://127.0.0.1:${port}`])
      assert.equal(ran.code, 1)
      assert.match(ran.stderr, /sends elsewhere/)
      assert.equal(seen, 0)
      for (const one of [elsewhere, first]) {
        one.closeAllConnections()
        one.close()
      }
      const clear = await ori('fresh', ['search', 'x', '--registry', 'http://192.0.2.1/ori'])
      assert.match(clear.stderr, /is not encrypted/)
      const closed = `http://127.0.0.1:${port}`
      const away = await ori('fresh', ['yank', release, '--registry', closed])
      assert.match(away.stderr, /does not answer \(ECONNREFUSED\)\n.*does it run/)
    })

    test('a read that breaks off is made again, a change never', async () => {
      const asked: string[] = []
      const frail = createServer((request, response) => {
        asked.push(request.method ?? '')
        if (asked.length < 3) request.socket.destroy()
        else response.writeHead(200).end('{"total":0,"results":[]}')
      }).listen(0, '127.0.0.1')
      await once(frail, 'listening')
      const { port } = frail.address() as { port: number }
      const at = ['--registry', `http://127.0.0.1:${port}`]
      succeed(await ori('fresh', ['search', 'x', ...at]))
      assert.deepEqual(asked, ['GET', 'GET', 'GET'])
      asked.length = 0
      const cut = await ori('fresh', ['yank', release, ...at])
      assert.match(cut.stderr, /does not answer.*\n.*may have been done or not/)
      assert.deepEqual(asked, ['POST'])
      frail.closeAllConnections()
      frail.close()
    })
  })
})

function manifest(name: string, version: string, lines: string): string {
  return `[project]
name = "@acme/${name}"
version = "${version}"
ori = "0.5.0"
description = "${name === 'json' ? 'Reads JSON' : 'Something else'}"
license = "MIT"

${lines}`
}

/** Its stdout; it must have ended well. */
function succeed({ code, stdout, stderr }: Ran): string {
  assert.equal(code, 0, stderr)
  return stdout
}

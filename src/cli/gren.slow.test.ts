import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { environment } from '#config.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { awaitMail, writePackage } from '#test/gren-cli.ts'
import { openTestCli, PROGRAM, type Ran, type StartedServer, type TestCli } from './test-cli.ts'

const ANN = 'ann@example.org'
const CODE = /confirmation code is: (\S+)/
const LINK = /^(https?:\S+\/validate\/\S+)$/m

describe('entrepot gren', () => {
  let cli: TestCli
  let server: StartedServer
  let registry: string
  let outbox: string

  before(async () => {
    cli = await openTestCli()
    server = await cli.serve()
    registry = `${server.url}/gren`
    outbox = /written to (\S+)/.exec(server.banner)?.[1] ?? ''
    if (!outbox.startsWith('/')) outbox = join(cli.dir, outbox)
  })
  after(() => cli.close())

  /** Runs `entrepot gren …` in a home of its own. */
  async function gren(home: string, args: readonly string[], env: Record<string, string> = {}) {
    return await cli.run(['gren', ...args], { ...(await homeOf(home)), ...env })
  }

  async function homeOf(home: string): Promise<Record<string, string>> {
    await mkdir(join(cli.dir, home), { recursive: true })
    return { HOME: join(cli.dir, home), GREN_REGISTRY: registry }
  }

  /** Starts a command that waits for somebody; `typed` goes to its terminal, if it is to have one. */
  async function start(home: string, args: readonly string[], isTerminal = false) {
    const line = [PROGRAM, 'gren', ...args]
    const [command = '', ...rest] = isTerminal
      ? ['script', '-qec', line.join(' '), '/dev/null']
      : line
    const { PATH = '' } = environment()
    const ENTREPOT_RUNTIME = process.versions.bun ? 'bun' : 'node'
    const env = { PATH, ENTREPOT_RUNTIME, TERM: 'dumb', ...(await homeOf(home)) }
    const child = spawn(command, rest, { cwd: cli.dir, env })
    let said = ''
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (chunk) => {
        said += chunk
      })
    }
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    const until = async (words: RegExp) => {
      while (!words.test(said)) {
        assert.equal(child.exitCode, null, said)
        await sleep(10)
      }
    }
    return { child, ended, until, said: () => said }
  }

  const credentialsOf = (home: string) => join(cli.dir, home, '.gren', 'credentials.toml')

  async function signIn(home: string, email: string, count = 1): Promise<void> {
    succeed(await gren(home, ['login', email]))
    const code = await awaitMail(outbox, { to: email, pattern: CODE, count })
    succeed(await gren(home, ['login', '--code', code]))
  }

  test('login by a code, in two steps where there is no terminal', async () => {
    const nobody = await gren('ann', ['whoami'])
    assert.equal(nobody.code, 1)
    assert.match(nobody.stderr, /`entrepot gren login` signs in/)
    const unasked = await gren('ann', ['login'])
    assert.match(unasked.stderr, /whose sign-in\?\n.*login EMAIL/)
    const early = await gren('ann', ['login', '--code', 'ABCDEFGH'])
    assert.match(early.stderr, /no sign-in to http\S+ waits for this code/)
    const begun = await gren('ann', ['login', ANN])
    assert.match(succeed(begun), /login --code CODE` completes it/)
    assert.match(begun.stderr, /a code was mailed to ann@example\.org/)
    const code = await awaitMail(outbox, { to: ANN, pattern: CODE })
    const wrong = await gren('ann', ['login', '--code', 'WRONGONE'])
    assert.deepEqual([wrong.code, wrong.stdout], [1, ''])
    assert.match(wrong.stderr, /that is not the code/)
    assert.ok(!existsSync(credentialsOf('ann')))
    const done = await gren('ann', ['login', ANN, '--code', code.toLowerCase()])
    assert.match(
      succeed(done),
      /^ann <ann@example\.org> is signed in to http.*credentials\.toml\n$/,
    )
    assert.equal((await stat(credentialsOf('ann'))).mode & 0o777, 0o600)
    assert.equal((await stat(join(cli.dir, 'ann', '.gren'))).mode & 0o777, 0o700)
    assert.equal(succeed(await gren('ann', ['whoami'])), `ann <${ANN}> at ${registry}\n`)
    assert.equal((await gren('ann', ['login', '--code', code])).code, 1)
    assert.equal((await gren('ann', ['login', 'nonsense'])).code, 1)
    assert.equal((await gren('ann', ['login', ANN, '--code', 'A', '--link'])).code, 2)
  })

  test('login asks for address and code at a terminal', async () => {
    const tess = await start('tess', ['login'], true)
    await converse(tess, [
      [/E-mail address: /, async () => 'tess@example.org'],
      [/Code: /, async () => 'AAAAAAAA'],
      [
        /not the code[\s\S]*Code: /,
        () => awaitMail(outbox, { to: 'tess@example.org', pattern: CODE }),
      ],
    ])
    assert.equal(await tess.ended, 0, tess.said())
    assert.match(tess.said(), /tess <tess@example\.org> is signed in/)
    assert.match(succeed(await gren('tess', ['whoami'])), /^tess /)
  })

  test('login by a link waits for the button; Ctrl-C leaves nothing', async () => {
    const bob = await start('bob', ['login', 'bob@example.org', '--link'])
    const link = await awaitMail(outbox, { to: 'bob@example.org', pattern: LINK })
    const path = new URL(link).pathname
    assert.equal((await fetch(`${server.url}${path}`, { method: 'POST' })).status, 200)
    assert.equal(await bob.ended, 0, bob.said())
    assert.match(bob.said(), /bob <bob@example\.org> is signed in/)
    const eve = await start('eve', ['login', 'eve@example.org', '--link'])
    await awaitMail(outbox, { to: 'eve@example.org', pattern: LINK })
    await eve.until(/this waits/)
    eve.child.kill('SIGINT')
    assert.equal(await eve.ended, 1, eve.said())
    assert.match(eve.said(), /stopped: you are not signed in/)
    assert.ok(!existsSync(credentialsOf('eve')))
  })

  test('identities and who may do what in them', async () => {
    const made = await gren('ann', ['identity', 'create', 'acme'])
    assert.equal(succeed(made), 'made acme; you are its admin\n')
    const taken = await gren('bob', ['identity', 'create', 'Acme'])
    assert.match(taken.stderr, /the name Acme is taken\n/)
    const reserved = await gren('bob', ['identity', 'create', 'session'])
    assert.match(reserved.stderr, /the name session is reserved/)
    const anonymous = await gren('nobody', ['identity', 'create', 'other'])
    assert.match(anonymous.stderr, /nobody is signed in/)
    assert.match(succeed(await gren('ann', ['identity', 'show', 'acme'])), /your level: admin/)
    assert.match(
      succeed(await gren('bob', ['identity', 'show', 'acme'])),
      /you are none of its users/,
    )
    const set = ['identity', 'set', 'acme']
    const active = await gren('ann', [...set, 'bob@example.org', '--role', 'publish'])
    assert.equal(succeed(active), 'bob@example.org has the level publish in acme\n')
    const invited = await gren('ann', [...set, 'new@example.org', '--role', 'download'])
    assert.match(succeed(invited), /new@example\.org is invited with the level download/)
    assert.equal((await gren('ann', [...set, 'bob@example.org', '--role', 'king'])).code, 2)
    const listed = succeed(await gren('ann', ['identity', 'users', 'acme']))
    assert.match(listed, /^ann\tann@example\.org\tadmin\tactive\t-$/m)
    assert.match(listed, /^-\tnew@example\.org\tdownload\tpending\t\S+Z$/m)
    succeed(await gren('ann', ['identity', 'remove', 'acme', 'new@example.org']))
    assert.doesNotMatch(succeed(await gren('ann', ['identity', 'users', 'acme'])), /new@/)
    const last = await gren('ann', ['identity', 'remove', 'acme', ANN])
    assert.equal(last.code, 1)
    assert.match(succeed(await gren('bob', ['whoami'])), /^acme: publish$/m)
  })

  test('publish packs the same tree to the same bytes, and tells all problems at once', async () => {
    const folder = join(cli.dir, 'json')
    await writePackage(folder, { name: 'acme/json', files: { 'docs.json': '[]' } })
    const dry = ['publish', 'json', '--dry-run', '--json']
    const [one, other] = [await gren('nobody', dry), await gren('ann', dry)]
    const packed = JSON.parse(succeed(one)) as { sha256: string; modules: string[]; with: string[] }
    assert.deepEqual(JSON.parse(succeed(other)), packed)
    assert.deepEqual(packed.modules, ['Thing'])
    assert.deepEqual(packed.with.sort(), ['docs', 'license', 'readme'])
    await writePackage(join(cli.dir, 'bad'), {
      name: 'acme/bad',
      outline: { license: 'GPL-3.0-only', 'exposed-modules': ['Thing', 'Other'] },
      files: {
        'README.md': '# Short\n',
        LICENSE: undefined,
        'src/Wrong.gren': 'module Right exposing (x)\n',
      },
    })
    const bad = await gren('nobody', ['publish', 'bad'])
    assert.deepEqual([bad.code, bad.stdout], [1, ''])
    for (const line of [
      /^ {2}gren\.json\.license: .*Gren writes GPL-3\.0$/m,
      /^ {2}gren\.json\.exposed-modules: Other is not among the sources$/m,
      /^ {2}sources\.Wrong: calls itself Right$/m,
      /^ {2}README\.md: has less than 300 bytes$/m,
      /^ {2}LICENSE: is not there/m,
      /^ {2}correct it and try again; nothing was sent$/m,
    ]) {
      assert.match(bad.stderr, line)
    }
    const none = await gren('nobody', ['publish', 'nowhere'])
    assert.match(none.stderr, /there is no gren\.json in nowhere/)
    const stranger = await gren('nobody', ['publish', 'json'])
    assert.equal(stranger.code, 1)
    assert.match(stranger.stderr, /gren login/)
    const published = succeed(await gren('bob', ['publish', 'json']))
    assert.match(published, /^published acme\/json 1\.0\.0 \(1 module, .*\nsha256:[0-9a-f]{64}\n$/)
    assert.ok(published.includes(packed.sha256))
    const docs = await fetch(`${registry}/package/acme/json/1.0.0/docs`)
    assert.equal(await docs.text(), '[]')
    const again = await gren('bob', ['publish', 'json'])
    assert.match(again.stderr, /publish the next one/)
    await writePackage(folder, {
      name: 'acme/json',
      version: '1.5.0',
      dependencies: { 'acme/none': '1.0.0 <= v < 2.0.0' },
    })
    const refused = await gren('bob', ['publish', 'json'])
    assert.match(
      refused.stderr,
      /the package is not right:\n {2}outline\.version: is 1\.5\.0.*\n {2}outline\.dependencies\.acme\/none: is not in this registry\n/,
    )
  })

  test('a private package, a token of the environment, and another registry', async () => {
    await writePackage(join(cli.dir, 'secret'), { name: 'acme/secret' })
    succeed(await gren('bob', ['publish', 'secret', '--private']))
    assert.equal((await fetch(`${registry}/package/acme/secret/versions`)).status, 404)
    const kept = await readFile(credentialsOf('bob'), 'utf8')
    const GREN_REGISTRY_TOKEN = /token = "([^"]+)"/.exec(kept)?.[1] ?? ''
    assert.match(succeed(await gren('ci', ['whoami'], { GREN_REGISTRY_TOKEN })), /^bob /)
    const clear = await gren('bob', ['whoami', '--registry', 'http://192.0.2.1/gren'])
    assert.match(clear.stderr, /is not encrypted/)
    const wrong = await gren('bob', ['whoami', '--registry', `${server.url}/nothing`])
    assert.match(wrong.stderr, /is this a Gren registry|`entrepot gren login`/)
    const away = await gren('bob', ['whoami', '--registry', 'http://127.0.0.1:1/gren'])
    assert.match(away.stderr, /does not answer/)
  })

  test('revoke asks, and tells whom it breaks', async () => {
    await writePackage(join(cli.dir, 'top'), {
      name: 'acme/top',
      dependencies: { 'acme/json': '1.0.0 <= v < 2.0.0' },
    })
    succeed(await gren('bob', ['publish', 'top']))
    const unasked = await gren('bob', ['revoke', 'acme/json', '1.0.0'])
    assert.deepEqual([unasked.code, unasked.stdout], [1, ''])
    assert.match(unasked.stderr, /would be gone for good\n.*--yes/)
    assert.equal((await gren('bob', ['revoke', 'acme/json'])).code, 2)
    const no = await start('bob', ['revoke', 'acme/json', '1.0.0'], true)
    await converse(no, [[/\[y\/N\] /, async () => 'n']])
    assert.equal(await no.ended, 1, no.said())
    assert.equal((await fetch(`${registry}/package/acme/json/1.0.0/bundle`)).status, 200)
    const revoked = await gren('bob', [
      'revoke',
      'acme/json',
      '--all',
      '--yes',
      '--reason',
      'wrong',
    ])
    assert.equal(succeed(revoked), 'revoked acme/json 1.0.0\n')
    assert.match(revoked.stderr, /warning: acme\/top 1\.0\.0 cannot be installed any more/)
    assert.equal((await fetch(`${registry}/package/acme/json/1.0.0/bundle`)).status, 410)
  })

  test('logout ends the session everywhere', async () => {
    const keptToken = async () =>
      /token = "([^"]+)"/.exec(await readFile(credentialsOf('zoe'), 'utf8'))?.[1] ?? ''
    await signIn('zoe', 'zoe@example.org')
    const replaced = await keptToken()
    await signIn('zoe', 'zoe@example.org', 2)
    const token = await keptToken()
    assert.match(succeed(await gren('zoe', ['logout'])), /^zoe@example\.org is signed out of http/)
    assert.doesNotMatch(await readFile(credentialsOf('zoe'), 'utf8'), /token/)
    for (const GREN_REGISTRY_TOKEN of [replaced, token]) {
      assert.equal((await gren('thief', ['whoami'], { GREN_REGISTRY_TOKEN })).code, 1)
    }
    assert.match((await gren('zoe', ['logout'])).stderr, /nobody is signed in to/)
    await signIn('zoe', 'zoe@example.org', 3)
    assert.match(succeed(await gren('zoe', ['logout', '--local'])), /is signed out/)
  })
})

interface Started {
  readonly child: ReturnType<typeof spawn>
  readonly said: () => string
  readonly until: (words: RegExp) => Promise<void>
}

/** Types each answer when its question was put. */
async function converse(
  { child, until }: Started,
  turns: ReadonlyArray<readonly [RegExp, () => Promise<string>]>,
): Promise<void> {
  for (const [question, answer] of turns) {
    await until(question)
    child.stdin?.write(`${await answer()}\r`)
  }
}

/** Its stdout; it must have ended well. */
function succeed({ code, stdout, stderr }: Ran): string {
  assert.equal(code, 0, stderr)
  return stdout
}

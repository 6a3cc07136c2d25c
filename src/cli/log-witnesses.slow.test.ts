import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cosignerOf, witnessSeed } from '#core/log/cosignature.ts'
import { signerOf } from '#core/log/note.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { changeLine, flipped, openRoad, type Road, type Tamper } from '#test/road.ts'
import { openTestCli, type Ran, type StartedServer, type TestCli } from './test-cli.ts'

const LOG = 'log.test/log'
const seeds = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte))
const [logSeed, annSeed, bobSeed, eveSeed] = seeds as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
const logKey = signerOf(LOG, logSeed).verifier.text
const witnessKey = (name: string, seed: Uint8Array) =>
  cosignerOf(`${name}/witness`, witnessSeed(seed), () => new Date()).verifier.text
const base64 = (seed: Uint8Array) => Buffer.from(seed).toString('base64')

const ann = { name: 'ann.test', seed: annSeed, key: witnessKey('ann.test', annSeed) }
const bob = { name: 'bob.test', seed: bobSeed, key: witnessKey('bob.test', bobSeed) }
/** One who never saw the log. */
const eve = witnessKey('eve.test', eveSeed)

describe('clients that want witnesses', () => {
  let cli: TestCli
  let server: StartedServer
  let road: Road
  const others: TestCli[] = []

  before(async () => {
    const witnesses: string[] = []
    for (const { name, seed, key } of [ann, bob]) {
      const other = await openTestCli()
      others.push(other)
      const { url } = await other.serve([], {
        ENTREPOT_LOG_ORIGIN: name,
        ENTREPOT_LOG_KEY: base64(seed),
        ENTREPOT_WITNESS_LOGS: logKey,
      })
      witnesses.push(`${url}/log/witness ${key}`)
    }
    cli = await openTestCli()
    server = await cli.serve([], {
      ENTREPOT_LOG_ORIGIN: LOG,
      ENTREPOT_LOG_KEY: base64(logSeed),
      ENTREPOT_LOG_WITNESSES: witnesses.join(','),
    })
    road = await openRoad(server.url)
    await publishPackage()
    await untilCosigned()
  })
  after(async () => {
    road?.close()
    for (const one of [cli, ...others]) await one?.close()
  })

  async function publishPackage(): Promise<void> {
    const ok = async (args: string[], env = {}) => succeed(await cli.run(args, env)).trim()
    await ok(['user', 'create', 'ann', '--email', 'ann@example.org'])
    await ok(['namespace', 'create', 'acme', '--owner', 'ann'])
    const token = await ok(['token', 'create', '--user', 'ann', '--scope', 'read,publish'])
    await mkdir(join(cli.dir, 'json', 'src'), { recursive: true })
    const about = 'name = "@acme/json"\nversion = "1.0.0"\nori = "0.5.0"\ndescription = "Reads"\n'
    await writeFile(join(cli.dir, 'json', 'oripk.toml'), `[project]\n${about}`)
    await writeFile(join(cli.dir, 'json', 'src', 'lib.ori'), '// json\n')
    const env = { ORI_REGISTRY: `${server.url}/ori`, ORI_REGISTRY_TOKEN: token }
    await ok(['ori', 'publish', 'json'], env)
  }

  async function untilCosigned(): Promise<void> {
    for (let tries = 0; ; tries++) {
      const note = await (await fetch(`${server.url}/log/checkpoint`)).text()
      const isWhole = [ann, bob].every(({ name }) => note.includes(`${name}/witness`))
      if (isWhole && note.split('\n')[1] === '1') return
      assert.ok(tries < 150, `${note}\n${server.stderr()}`)
      await sleep(100)
    }
  }

  /** Downloads into a home of its own; a file is there only when all was right. */
  async function download(home: string, more: readonly string[], by: Tamper = () => undefined) {
    const HOME = join(cli.dir, home)
    const file = join(cli.dir, `${home}.oripk`)
    await mkdir(HOME, { recursive: true })
    const env = { HOME, ORI_REGISTRY: `${road.url}/ori` }
    const args = ['download', '@acme/json@1.0.0', '--output', file, '--log-key', logKey, ...more]
    road.tamper(by)
    const ran = await cli.run(['ori', ...args], env)
    road.tamper(() => undefined)
    assert.equal(existsSync(file), ran.code === 0, ran.stderr)
    return ran
  }
  async function verify(more: readonly string[], by: Tamper = () => undefined): Promise<Ran> {
    road.tamper(by)
    const ran = await cli.run(['log', 'verify', road.url, '--key', logKey, ...more])
    road.tamper(() => undefined)
    assert.equal(ran.stdout === '', ran.code !== 0)
    return ran
  }
  const both = ['--witness', ann.key, '--witness', bob.key]
  const three = [...both, '--witness', eve]

  test('a download is cosigned by all, or by as many as are enough', async () => {
    const all = succeed(await download('all', both))
    assert.match(
      all,
      / log proof are right, cosigned by ann\.test\/witness and bob\.test\/witness\n/,
    )
    const two = await download('two', [...three, '--witness-quorum', '2', '--json'])
    const { cosigned } = JSON.parse(succeed(two)) as { cosigned: string[] }
    assert.deepEqual(cosigned, ['ann.test/witness', 'bob.test/witness'])
    assert.match(succeed(await download('none', [])), /log proof are right\n/)
  })

  test('one that too few cosigned is refused, and nobody counts twice', async () => {
    const few = await download('few', three)
    assert.equal(few.code, 1)
    const said =
      /not cosigned as it should be: 2 of the witnesses cosigned .* and 3 have to: not eve\.test/
    assert.match(few.stderr, said)
    const twice = ['--witness', ann.key, '--witness', ann.key, '--witness-quorum', '2']
    const doubled = await download('twice', twice)
    assert.match(doubled.stderr, /2 witnesses have to cosign, and --witness names 1/)
    const badly = await download('badly', ['--witness-quorum', 'x', ...both])
    assert.equal(badly.code, 2)
    const bent = await download('bent', ['--witness', ann.key], (path, body) =>
      path.endsWith('.tlog-proof') ? forgeSignature(body, 'ann.test/witness') : undefined,
    )
    assert.match(
      bent.stderr,
      /cosigned as it should be: the signature of ann\.test\/witness is not/,
    )
  })

  test('log verify wants them too', async () => {
    const said = succeed(await verify([...three, '--witness-quorum', '2']))
    const line = 'ann.test/witness cosigned 1 of them. bob.test/witness cosigned 1 of them.\n'
    assert.ok(said.endsWith(line), said)
    assert.equal((await verify(both)).code, 0)
    const few = await verify(three)
    assert.equal(few.code, 1)
    assert.match(few.stderr, /it shows no checkpoint that eve\.test\/witness cosigned/)
  })

  test('a changed tile, entry, checkpoint: each has its own message', async () => {
    const changes: ReadonlyArray<readonly [string, (body: Buffer) => Buffer, RegExp]> = [
      [
        '/log/tile/0/000.p/1',
        (body) => flipped(body, 5),
        /tile\/0\/000\.p\/1 is not made of the log’s entries/,
      ],
      [
        '/log/tile/entries/000.p/1',
        (body) => flipped(body, 9),
        /tile\/0\/000\.p\/1 is not made of/,
      ],
      ['/log/tile/entries/000.p/1', () => Buffer.from([0, 9, 1]), /the entry bundle is cut off/],
      [
        '/log/checkpoint',
        (body) => changeLine(body, (_, at) => at === 2),
        /the signature of log\.test\/log is not one of this note/,
      ],
      [
        '/log/checkpoint',
        (body) => Buffer.from(body.toString().slice(0, 30)),
        /this is no signed note/,
      ],
    ]
    for (const [file, tamper, message] of changes) {
      const ran = await verify([], (path, body) => (path === file ? tamper(body) : undefined))
      assert.equal(ran.code, 1, file)
      assert.match(ran.stderr, /^entrepot: the log is wrong: /)
      assert.match(ran.stderr, message)
    }
    assert.equal((await verify([])).code, 0)
  })
})

/** The last letters of somebody's signature line, otherwise than they are. */
function forgeSignature(note: Buffer, name: string): Buffer {
  const lines = note.toString().split('\n')
  const forged = lines.map((line) =>
    line.startsWith(`— ${name} `) ? `${line.slice(0, -8)}AAAA${line.slice(-4)}` : line,
  )
  return Buffer.from(forged.join('\n'))
}

/** Its stdout; it must have ended well. */
function succeed({ code, stdout, stderr }: Ran): string {
  assert.equal(code, 0, stderr)
  return stdout
}

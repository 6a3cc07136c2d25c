import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { generateSeed, signerOf } from '#core/log/note.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { writeApplication, writePackage } from '#test/gren-cli.ts'
import { GrenClient } from '#test/gren-client.ts'
import { changeLine, flipped, openRoad, type Road, type Tamper } from '#test/road.ts'
import { openTestCli, type Ran, type StartedServer, type TestCli } from './test-cli.ts'

const CORE = 'gren-lang/core'
const ON_CORE = { [CORE]: '7.0.0 <= v < 8.0.0' }
const ON_JSON = { ...ON_CORE, 'acme/json': '1.0.0 <= v < 2.0.0' }
const APP = { 'acme/json': '1.1.0' }
const JSON_BUNDLE = 'acme_json__1_1_0.pkg.gz'
/** Nobody is there. */
const NOWHERE = 'http://127.0.0.1:1'

describe('entrepot gren install', () => {
  let cli: TestCli
  let server: StartedServer
  let token: string
  const clients: GrenClient[] = []

  before(async () => {
    cli = await openTestCli()
    const ok = async (...args: string[]) => succeed(await cli.run(args)).trim()
    await ok('user', 'create', 'ann', '--email', 'ann@example.org')
    for (const name of ['acme', 'gren-lang'])
      await ok('namespace', 'create', name, '--owner', 'ann')
    token = await ok('token', 'create', '--user', 'ann', '--scope', 'read,publish,admin')
    server = await cli.serve()
    for (const version of ['1', '2', '3', '4', '5', '6', '7']) {
      await publish(CORE, { version: `${version}.0.0` })
    }
    await publish('acme/json', { dependencies: ON_CORE })
    await publish('acme/json', { version: '1.1.0', dependencies: ON_CORE })
    await publish('acme/top', { dependencies: ON_JSON })
    await publish('acme/browse', { outline: { platform: 'browser' } })
    await publish('acme/hidden', {}, '--private')
  })
  after(async () => {
    for (const client of clients) await client.close()
    await cli.close()
  })

  async function gren(home: string, args: readonly string[], env: Record<string, string> = {}) {
    await mkdir(join(cli.dir, home), { recursive: true })
    const HOME = join(cli.dir, home)
    return await cli.run(['gren', ...args], { HOME, GREN_REGISTRY: `${server.url}/gren`, ...env })
  }

  async function publish(
    name: string,
    more: Omit<Parameters<typeof writePackage>[1], 'name'>,
    ...options: string[]
  ): Promise<void> {
    const folder = name.replace('/', '-')
    await writePackage(join(cli.dir, folder), { name, ...more })
    const env = { GREN_REGISTRY_TOKEN: token }
    succeed(await gren('ann', ['publish', folder, ...options], env))
  }

  async function openClient(url: string): Promise<GrenClient> {
    const client = await GrenClient.open(url)
    clients.push(client)
    return client
  }

  const bundlesIn = async (folder: string) =>
    (await readdir(join(cli.dir, folder, 'gren_packages')).catch(() => [])).sort()

  test('the released client needs no network afterwards: an application', async () => {
    const client = await openClient(NOWHERE)
    const folder = client.path('project')
    await writeApplication(folder, APP, { [CORE]: '7.0.0' })
    const without = await client.run('package', 'install')
    assert.notEqual(without.status, 0, 'there is a network after all')
    await client.forget()
    const ran = await gren('fresh', ['install', folder])
    assert.equal(succeed(ran), `acme/json\t1.1.0\tregistry\n${CORE}\t7.0.0\tregistry\n`)
    assert.match(ran.stderr, /only this log key is believed: /)
    assert.match(
      ran.stderr,
      /2 packages in gren_packages: 2 downloaded, checksum and log proof right/,
    )
    assert.deepEqual(await client.listBundles(), [JSON_BUNDLE, 'gren_lang_core__7_0_0.pkg.gz'])
    const { status, said } = await client.run('package', 'install')
    assert.equal(status, 0, said)
    assert.deepEqual(await client.listBundles(), [JSON_BUNDLE, 'gren_lang_core__7_0_0.pkg.gz'])
    const told = client.path('told')
    // The client leaves the pipe open: only the real compiler knows when it has read all.
    await writeFile(client.path('backend'), `#!/bin/sh\ntimeout 1 cat > '${told}'; exit 0\n`)
    const made = await client.run('make', 'Main', '--output=/dev/null')
    assert.equal(made.status, 0, made.said)
    assert.match(await readFile(told, 'utf8'), /acme\/json 1\.1\.0/)
    const again = await gren('fresh', ['install', folder, '--registry', `${NOWHERE}/gren`])
    assert.equal(succeed(again), `acme/json\t1.1.0\there\n${CORE}\t7.0.0\there\n`)
    assert.match(again.stderr, /2 packages in gren_packages: 0 downloaded\n/)
    await writeFile(client.path(`project/gren_packages/${JSON_BUNDLE}`), 'damaged')
    assert.match(
      succeed(await gren('fresh', ['install', folder])),
      /^acme\/json\t1\.1\.0\tregistry\n/,
    )
  })

  test('the released client needs no network afterwards: a package, from lower bounds', async () => {
    const client = await openClient(NOWHERE)
    const folder = client.path('project')
    const dependencies = { 'acme/top': '1.0.0 <= v < 2.0.0' }
    await writePackage(folder, { name: 'acme/mine', dependencies })
    const ran = await gren('fresh', ['install', folder, '--json'])
    const installed = JSON.parse(succeed(ran)) as Array<{ name: string; version: string }>
    assert.deepEqual(
      installed.map(({ name, version }) => `${name} ${version}`),
      ['acme/json 1.0.0', 'acme/top 1.0.0', `${CORE} 7.0.0`],
    )
    const { status, said } = await client.run('package', 'install')
    assert.equal(status, 0, said)
    assert.equal((await client.listBundles()).length, 3)
  })

  test('a bundle of ours holds, letter for letter, what the client makes of the repository', async () => {
    const client = await openClient(server.url)
    await writeApplication(client.path('project'), APP, { [CORE]: '7.0.0' })
    const { status, said } = await client.run('package', 'install')
    assert.equal(status, 0, said)
    const theirs = await readFile(client.path(`project/gren_packages/${JSON_BUNDLE}`))
    const ours = await fetch(`${server.url}/gren/package/acme/json/1.1.0/bundle`)
    const text = gunzipSync(await ours.arrayBuffer()).toString()
    assert.equal(text, gunzipSync(theirs).toString())
  })

  test('a private package takes a credential; what is local is not asked for', async () => {
    await writePackage(join(cli.dir, 'near'), { name: 'acme/near', dependencies: ON_CORE })
    const direct = { 'acme/hidden': '1.0.0', 'acme/near': 'local:../near' }
    await writeApplication(join(cli.dir, 'mixed'), direct, { [CORE]: '7.0.0' })
    const stranger = await gren('fresh', ['install', 'mixed'])
    assert.equal(stranger.code, 1)
    assert.match(stranger.stderr, /acme\/hidden 1\.0\.0 is needed by mixed\/gren\.json\n.*login/)
    assert.deepEqual(await bundlesIn('mixed'), [])
    const ran = await gren('fresh', ['install', 'mixed'], { GREN_REGISTRY_TOKEN: token })
    assert.equal(succeed(ran), `acme/hidden\t1.0.0\tregistry\n${CORE}\t7.0.0\tregistry\n`)
  })

  test('what cannot be resolved is refused before anything is written', async () => {
    const refusal = async (name: string, more: Partial<Parameters<typeof writePackage>[1]>) => {
      await writePackage(join(cli.dir, name), { name: `acme/${name}`, ...more })
      const ran = await gren('fresh', ['install', name])
      assert.deepEqual([ran.code, ran.stdout], [1, ''])
      assert.deepEqual(await bundlesIn(name), [])
      return ran.stderr
    }
    const missing = { 'acme/json': '1.0.0 <= v < 2.0.0', 'acme/none': '1.0.0 <= v < 2.0.0' }
    assert.match(await refusal('a', { dependencies: missing }), /acme\/none 1\.0\.0 is needed by/)
    const torn = { [CORE]: '6.0.0 <= v < 7.0.0', 'acme/top': '1.0.0 <= v < 2.0.0' }
    assert.match(
      await refusal('b', { dependencies: torn }),
      /no version of gren-lang\/core is right for all.*\n {2}b\/gren\.json: 6\.0\.0 <= v < 7\.0\.0\n {2}acme\/top: 7\.0\.0 <= v/,
    )
    const browse = { 'acme/browse': '1.0.0 <= v < 2.0.0' }
    assert.match(
      await refusal('c', { dependencies: browse }),
      /is for browser, and the project for/,
    )
    const old = { 'gren-version': '0.5.0 <= v < 0.6.0' }
    assert.match(await refusal('d', { dependencies: ON_CORE, outline: old }), /needs Gren 0\.6\.0/)
    const odd = { [CORE]: '^7.0.0' }
    assert.match(await refusal('e', { dependencies: odd }), /core: is not a range such as/)
    await writeApplication(join(cli.dir, 'unlisted'), APP)
    const unlisted = await gren('fresh', ['install', 'unlisted'])
    assert.match(unlisted.stderr, /add "gren-lang\/core": "7\.0\.0" to dependencies\.indirect/)
    assert.deepEqual(await bundlesIn('unlisted'), [])
    const env = { GREN_REGISTRY_TOKEN: token }
    await publish('acme/json', { version: '1.2.0', dependencies: ON_CORE })
    succeed(await gren('ann', ['revoke', 'acme/json', '1.2.0', '--yes'], env))
    await writeApplication(join(cli.dir, 'late'), { 'acme/json': '1.2.0' }, { [CORE]: '7.0.0' })
    const revoked = await gren('fresh', ['install', 'late'])
    assert.match(revoked.stderr, /revoked\n.*needed by late\/gren\.json\n.*gone for good/)
  })

  describe('on a road with a robber', () => {
    let road: Road
    before(async () => {
      road = await openRoad(server.url)
      await writeApplication(join(cli.dir, 'app'), APP, { [CORE]: '7.0.0' })
    })
    after(() => road.close())

    async function robbed(home: string, by: Tamper, more: readonly string[] = []): Promise<Ran> {
      road.tamper(by)
      const ran = await gren(home, ['install', 'app', '--registry', `${road.url}/gren`, ...more])
      road.tamper(() => undefined)
      assert.equal(existsSync(join(cli.dir, 'app', 'gren_packages')), ran.code === 0, ran.stderr)
      return ran
    }

    test('a changed bundle, a changed proof, another key', async () => {
      const bundle = await robbed('bundle', (path, body) =>
        path.endsWith('/bundle') ? flipped(body, body.length >> 1) : undefined,
      )
      assert.match(bundle.stderr, /the proof does not show acme\/json 1\.1\.0 with sha256:/)
      const proof = await robbed('proof', (path, body) =>
        path.endsWith('.tlog-proof') ? changeLine(body, (_, at) => at === 2) : undefined,
      )
      assert.match(proof.stderr, /the log proof is not right/)
      const other = await fetch(`${server.url}/gren/package/acme/json/1.0.0/bundle`)
      const older = Buffer.from(await other.arrayBuffer())
      const swapped = await robbed('swapped', (path) =>
        path.endsWith('/1.1.0/bundle') ? older : undefined,
      )
      assert.match(swapped.stderr, /the proof does not show/)
      const shown = (await (await fetch(`${server.url}/log/`)).json()) as { verifierKeys: string[] }
      const [key = ''] = shown.verifierKeys
      const wrong = signerOf(key.split('+')[0] ?? '', generateSeed()).verifier.text
      const refused = await robbed('key', () => undefined, ['--log-key', wrong])
      assert.match(refused.stderr, /signed with another key/)
      succeed(await robbed('honest', () => undefined, ['--log-key', key]))
    })
  })
})

/** Its stdout; it must have ended well. */
function succeed({ code, stdout, stderr }: Ran): string {
  assert.equal(code, 0, stderr)
  return stdout
}

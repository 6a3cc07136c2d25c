import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { environment } from '#config.ts'
import { type Sequencer, startSequencer } from '#core/log/sequencer.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { buildGoVerifier, type GoVerifier, missingGo } from '#test/go-verifier.ts'
import { formOf, pack } from '#test/ori-world.ts'
import { changeLine, flipped, openRoad, type Road, type Tamper } from '#test/road.ts'
import { newUser, type ServedRegistry, serveTestApp, UNLIMITED_RATES } from '#test/served.ts'

const NAME = 'log.example.org/log'
const VERSIONS = ['1.0.0', '1.1.0', '1.2.0', '1.3.0']

/** A log with Ori packages in it, and somebody on the way to it. */
interface Served {
  readonly registry: ServedRegistry
  readonly sequencer: Sequencer
  readonly road: Road
  readonly key: string
  publish(version: string, content: string): Promise<void>
  stop(): Promise<void>
}

async function serveLog(): Promise<Served> {
  const registry = await serveTestApp({ logOrigin: NAME }, { rates: UNLIMITED_RATES })
  const { secret } = await newUser(registry.app, 'ann', { namespaces: ['acme'] })
  const sequencer = startSequencer(registry.app, { pollMs: 50, pauseMs: 5 })
  await sequencer.idle()
  const road = await openRoad(registry.url)
  const about = await (await fetch(`${registry.url}/log/`)).json()
  const { verifierKeys } = about as { verifierKeys: string[] }
  return {
    registry,
    sequencer,
    road,
    key: verifierKeys[0] ?? '',
    async publish(version, content) {
      const archive = pack({ name: '@acme/json', version, files: { 'src/x': content } })
      const headers = { authorization: `Bearer ${secret}` }
      const init = { method: 'POST', headers, body: formOf(archive) }
      const path = '/ori/v1/packages/acme/json/publish'
      const answer = await fetch(`${registry.url}${path}`, init)
      assert.equal(answer.status, 201, await answer.text())
      await sequencer.idle()
    },
    async stop() {
      road.close()
      await sequencer.stop()
      await registry.stop()
    },
  }
}

describe('the log, verified by the go command', () => {
  const absent = missingGo()
  const options = absent === undefined ? {} : { skip: absent }
  let go: GoVerifier
  let honest: Served
  let forked: Served
  before(async () => {
    if (absent !== undefined) return
    go = await buildGoVerifier()
    honest = await serveLog()
    forked = await serveLog()
    await writeModules(join(go.dir, 'proxy'))
    await honest.publish('1.0.0', 'same')
    await honest.publish('1.1.0', 'same')
    await forked.publish('1.0.0', 'another')
    await forked.publish('1.1.0', 'same')
    await forked.publish('1.2.0', 'same')
  })
  after(async () => {
    if (absent !== undefined) return
    await honest.stop()
    await forked.stop()
    await go.close()
  })

  /** `go mod download` of our package as a module, which `state` is to remember the log for. */
  async function download(state: string, { road, key }: Served, version: string, by?: Tamper) {
    const asked: string[] = []
    road.tamper((path, body) => {
      asked.push(path)
      return by?.(path, body)
    })
    const home = join(go.dir, state)
    await mkdir(home, { recursive: true })
    const env = {
      PATH: environment().PATH,
      HOME: home,
      GOPATH: join(home, 'go'),
      GOCACHE: join(go.dir, 'cache'),
      GOPROXY: `file://${join(go.dir, 'proxy')}`,
      GOSUMDB: `${key} ${road.url}/log`,
      GOFLAGS: '-modcacherw',
      GO111MODULE: 'on',
      GOTOOLCHAIN: 'local',
    }
    const args = ['mod', 'download', `any.name/ori/acme/json@v${version}`]
    const ran = await new Promise<{ status: number; stderr: string }>((resolve) => {
      execFile('go', args, { cwd: home, env, timeout: 60_000 }, (error, _stdout, stderr) =>
        resolve({ status: error ? 1 : 0, stderr }),
      )
    })
    return { ...ran, asked }
  }

  test('it finds our entry in the tree, and that the tree only grew', options, async () => {
    const first = await download('growing', honest, '1.0.0')
    assert.equal(first.status, 0, first.stderr)
    assert.ok(first.asked.includes('/log/lookup/any.name/ori/acme/json@v1.0.0'), `${first.asked}`)
    assert.ok(first.asked.includes('/log/tile/8/0/000.p/2'), `${first.asked}`)
    const latest = join(go.dir, 'growing', 'go', 'pkg', 'sumdb', NAME, 'latest')
    assert.match(await readFile(latest, 'utf8'), /^go\.sum database tree\n2\n/)
    await honest.publish('1.2.0', 'same')
    const second = await download('growing', honest, '1.2.0')
    assert.equal(second.status, 0, second.stderr)
    assert.match(await readFile(latest, 'utf8'), /^go\.sum database tree\n3\n/)
    const missing = await download('growing', honest, '1.3.0')
    assert.equal(missing.status, 1)
    assert.match(missing.stderr, /404/)
  })

  test('it refuses a fork', options, async () => {
    assert.equal((await download('fork', honest, '1.2.0')).status, 0)
    const split = await download('fork', forked, '1.1.0')
    assert.equal(split.status, 1)
    assert.match(split.stderr, /SECURITY ERROR[\s\S]*server misbehavior[\s\S]*proof of misbehavior/)
    await forked.publish('1.3.0', 'same')
    const longer = await download('fork', forked, '1.3.0')
    assert.equal(longer.status, 1)
    assert.match(longer.stderr, /SECURITY ERROR/)
  })

  test('it refuses a changed tile, tree and entry', options, async () => {
    const isLookup = (path: string) => path.includes('/lookup/')
    const cases: ReadonlyArray<readonly [string, Tamper, RegExp]> = [
      [
        'tile',
        (path, body) => (path.includes('/tile/') ? flipped(body, 40) : undefined),
        /downloaded inconsistent tile/,
      ],
      [
        'tree',
        (path, body) => {
          const lines = body.toString().split('\n')
          const root = lines.indexOf('go.sum database tree') + 2
          return isLookup(path) ? changeLine(body, (_, at) => at === root) : undefined
        },
        /invalid signature/,
      ],
      [
        'entry',
        (path, body) =>
          isLookup(path)
            ? Buffer.from(body.toString().replace(' publish ', ' remove '))
            : undefined,
        /cannot authenticate record data/,
      ],
    ]
    for (const [state, tamper, message] of cases) {
      const caught = await download(state, honest, '1.1.0', tamper)
      assert.equal(caught.status, 1, state)
      assert.match(caught.stderr, message, state)
    }
  })

  test(
    'the Go project’s own code refuses a changed tile and checkpoint in C2SP’s form',
    options,
    async () => {
      const { road, key } = honest
      const audit = async (by: Tamper) => {
        road.tamper(by)
        return await go.run('audit', key, `${road.url}/log`)
      }
      assert.equal((await audit(() => undefined)).status, 0)
      const tile = await audit((path, body) =>
        path.includes('/tile/0/') ? flipped(body, 40) : undefined,
      )
      assert.equal(tile.status, 1)
      assert.match(tile.stderr, /the tiles do not make up the root|inconsistent tile/)
      const checkpoint = await audit((path, body) =>
        path.endsWith('/checkpoint') ? changeLine(body, (_, at) => at === 2) : undefined,
      )
      assert.equal(checkpoint.status, 1)
      assert.match(checkpoint.stderr, /invalid signature/)
    },
  )
})

/** Modules called like our packages, as a module proxy has them. */
async function writeModules(folder: string): Promise<void> {
  const path = 'any.name/ori/acme/json'
  const versions = join(folder, path, '@v')
  await mkdir(versions, { recursive: true })
  const manifest = `module ${path}\n`
  for (const version of VERSIONS.map((one) => `v${one}`)) {
    const info = { Version: version, Time: '2026-01-01T00:00:00Z' }
    await writeFile(join(versions, `${version}.info`), JSON.stringify(info))
    await writeFile(join(versions, `${version}.mod`), manifest)
    const zip = zipSync({ [`${path}@${version}/go.mod`]: strToU8(manifest) })
    await writeFile(join(versions, `${version}.zip`), zip)
  }
}

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cosignerOf, witnessSeed } from '#core/log/cosignature.ts'
import { signerOf } from '#core/log/note.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestCli, type StartedServer, type TestCli } from './test-cli.ts'

const LOG = 'log.test/log'
const seeds = { log: new Uint8Array(32).fill(1), witness: new Uint8Array(32).fill(2) }
const key = signerOf(LOG, seeds.log).verifier.text
const witnessKey = (name: string, seed: Uint8Array) =>
  cosignerOf(name, witnessSeed(seed), () => new Date()).verifier.text
const base64 = (seed: Uint8Array) => Buffer.from(seed).toString('base64')

describe('entrepot log', () => {
  let cli: TestCli
  let other: TestCli
  let server: StartedServer
  let authorization = ''
  const stranger = witnessKey('witness.test', seeds.witness)

  before(async () => {
    cli = await openTestCli()
    other = await openTestCli()
    const { url } = await other.serve([], {
      ENTREPOT_LOG_ORIGIN: 'witness.test',
      ENTREPOT_LOG_KEY: base64(seeds.witness),
      ENTREPOT_WITNESS_LOGS: key,
    })
    server = await cli.serve([], {
      ENTREPOT_LOG_ORIGIN: LOG,
      ENTREPOT_LOG_KEY: base64(seeds.log),
      ENTREPOT_LOG_WITNESSES: `${url}/log/witness ${witnessKey('witness.test/witness', seeds.witness)}`,
    })
    await ok('user', 'create', 'ann', '--email', 'ann@example.org')
    await ok('namespace', 'create', 'acme', '--owner', 'ann')
    const secret = await ok('token', 'create', '--user', 'ann', '--scope', 'publish')
    authorization = `Basic ${Buffer.from(`ann:${secret.trim()}`).toString('base64')}`
    await push('one')
  })
  after(async () => {
    await cli.close()
    await other.close()
  })

  async function ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await cli.run(args)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    return stdout
  }
  async function refused(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await cli.run(args)
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
    return stderr
  }

  /** Publishes an image and waits until it is in the log. */
  async function push(tag: string): Promise<void> {
    const send = async (method: string, path: string, type: string, body: string) => {
      const headers = { authorization, 'content-type': type }
      const response = await fetch(`${server.url}/v2/acme/app/${path}`, { method, headers, body })
      assert.equal(response.status, 201, await response.text())
    }
    const digest = `sha256:${createHash('sha256').update('{}').digest('hex')}`
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: 2 }
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const annotations = { tag }
    const manifest = { schemaVersion: 2, mediaType, config, layers: [config], annotations }
    await send('POST', `blobs/uploads/?digest=${digest}`, 'application/octet-stream', '{}')
    const before = await checkpoint()
    await send('PUT', `manifests/${tag}`, mediaType, JSON.stringify(manifest))
    while ((await checkpoint()) === before) await sleep(30)
  }
  const checkpoint = async () =>
    (await (await fetch(`${server.url}/log/checkpoint`)).text()).split('\n')[1]

  async function untilCosigned(): Promise<void> {
    for (let tries = 0; ; tries++) {
      const note = await (await fetch(`${server.url}/log/checkpoint`)).text()
      if (note.includes('witness.test/witness')) return
      assert.ok(tries < 100, server.stderr())
      await sleep(100)
    }
  }

  test('verify says that a log is right, and remembers it', async () => {
    const file = join(cli.dir, 'memory')
    const right = /^log\.test\/log: 1 record, every tile and the signed root are right\.\n$/
    assert.match(await ok('log', 'verify', server.url), right)
    assert.match(await ok('log', 'verify', `${server.url}/log/`, '--key', key), right)
    assert.match(await ok('log', 'verify', server.url, '--remember', file), right)
    await push('two')
    const found = JSON.parse(await ok('log', 'verify', server.url, '--remember', file, '--json'))
    assert.equal(found.size, 2)
    assert.equal(JSON.parse(await readFile(file, 'utf8')).key, key)
  })

  test('verify wants the witness’ cosignature when it is told to', async () => {
    const [itself, name] = [
      witnessKey('witness.test/witness', seeds.witness),
      'witness.test/witness',
    ]
    await untilCosigned()
    const said = await ok('log', 'verify', server.url, '--witness', itself)
    assert.ok(said.endsWith(`${name} cosigned 2 of them.\n`), said)
    const missing = await refused('log', 'verify', server.url, '--witness', stranger)
    assert.match(
      missing,
      /^entrepot: the log is wrong: it shows no checkpoint that witness\.test cosigned/,
    )
    assert.match(
      await refused('log', 'verify', server.url, '--witness', key),
      /no Ed25519 verifier key/,
    )
  })

  test('verify tells a damaged file from a wrong log, and another key from both', async () => {
    const file = join(cli.dir, 'damaged')
    await ok('log', 'verify', server.url, '--remember', file)
    const whole = await readFile(file, 'utf8')
    for (const damaged of [
      '',
      'x',
      '{}',
      whole.slice(0, 50),
      whole.replace('\\n2\\n', '\\n1\\n'),
    ]) {
      await writeFile(file, damaged)
      const said = await refused('log', 'verify', server.url, '--remember', file)
      assert.ok(said.startsWith(`entrepot: ${file} is not what an audit left: it is damaged`), said)
      assert.equal(await readFile(file, 'utf8'), damaged)
    }
    const wrong = signerOf(LOG, seeds.witness).verifier.text
    const said = await refused('log', 'verify', server.url, '--key', wrong)
    assert.match(said, /^entrepot: the log is wrong: the note is not signed by log\.test\/log/)
    await refused('log', 'verify', 'http://127.0.0.1:1')
  })

  test('rebuild makes the tiles again beside the running server', async () => {
    assert.equal(
      await ok('log', 'rebuild'),
      'The tiles of 2 records are those of the checkpoint.\n',
    )
    await ok('log', 'verify', server.url)
  })

  test('/metrics tells how far the log is', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(text, /^entrepot_log_entries 2$/m)
    assert.match(text, /^entrepot_log_waiting_entries 0$/m)
    assert.match(text, /^entrepot_log_lag_seconds 0$/m)
  })
})

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from '#runtime/test.ts'
import { eventually } from '#test/actors.ts'
import { type Receiver, startReceiver } from '#test/receiver.ts'
import { openTestCli, type TestCli } from './test-cli.ts'

const SECRET = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
const ALLOWED = { ENTREPOT_WEBHOOKS_ALLOW: '127.0.0.1' }

describe('entrepot webhook', () => {
  let cli: TestCli
  let receiver: Receiver

  before(async () => {
    cli = await openTestCli()
    receiver = await startReceiver()
    await ok('user', 'create', 'ann', '--email', 'ann@example.org')
    await ok('namespace', 'create', 'acme', '--owner', 'ann')
  })
  after(async () => {
    await receiver.close()
    await cli.close()
  })

  async function ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await cli.run(args, ALLOWED)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    return stdout
  }

  test('add prints the secret alone; list, deliveries, redeliver and remove work on it', async () => {
    const url = 'https://hooks.example.org/x'
    const secret = await ok('webhook', 'add', url, '--namespace', 'acme', '--event', 'publish')
    assert.match(secret, /^whsec_\S{44}\n$/)
    const [line = '', ...rest] = (await ok('webhook', 'list')).split('\n')
    assert.deepEqual(rest, [''])
    const [id = ''] = line.split('\t')
    assert.match(line, /^\d+\tacme\tjson\thttps:\/\/hooks\.example\.org\/x\tpublish\t-\ton\t/)
    const { delivery } = JSON.parse(await ok('webhook', 'ping', id, '--json'))
    const [one] = JSON.parse(await ok('webhook', 'deliveries', id, '--state', 'waiting', '--json'))
    assert.deepEqual([one.id, one.event, one.attempts], [delivery, 'ping', 0])
    assert.equal(await ok('webhook', 'redeliver', id), 'deliveries that wait again: 0\n')
    assert.equal(await ok('webhook', 'remove', id), `ended the webhook ${id}\n`)
    const { code, stderr } = await cli.run(['webhook', 'remove', id])
    assert.equal(code, 1)
    assert.match(stderr, /there is no webhook \d+\n {2}`entrepot webhook list`/)
  })

  test('a target inside is refused unless a setting allows it', async () => {
    const { code, stderr } = await cli.run(['webhook', 'add', receiver.url])
    assert.equal(code, 1)
    assert.match(stderr, /may not reach 127\.0\.0\.1/)
  })

  test('a running server delivers, and knows the docs sites of its settings', async () => {
    const file = join(cli.dir, 'secret')
    await writeFile(file, `${SECRET}\n`)
    const docsSite = receiver.url.replace('hook', 'import/init')
    const server = await cli.serve([], {
      ...ALLOWED,
      ENTREPOT_WEBHOOKS_DOCS_SITES: `oci ${docsSite}`,
    })
    assert.equal(await ok('webhook', 'add', receiver.url, '--secret-file', file), `${SECRET}\n`)
    const hooks = JSON.parse(await ok('webhook', 'list', '--json'))
    const [site, own] = hooks
    assert.deepEqual(
      [site.url, site.kind, site.isConfigured],
      [docsSite, 'form-package-name', true],
    )
    await ok('webhook', 'ping', String(own.id))
    await eventually(async () => {
      for (let tries = 0; receiver.received.length === 0 && tries < 100; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      assert.equal(receiver.received.length, 1)
    })
    const [got] = receiver.received
    const key = Buffer.alloc(32, 8)
    assert.ok(got)
    const { headers, body } = got
    const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    const signature = createHmac('sha256', key).update(text).digest('base64')
    assert.equal(headers['webhook-signature'], `v1,${signature}`)
    await eventually(async () => {
      const metrics = await (await fetch(`${server.url}/metrics`)).text()
      assert.match(metrics, /entrepot_webhook_deliveries_total\{outcome="delivered"\} 1/)
    })
    server.kill('SIGTERM')
    assert.equal((await server.ended).code, 0)
  })
})

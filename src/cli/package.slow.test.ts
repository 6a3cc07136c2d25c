import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestCli, type TestCli } from './test-cli.ts'

const CONFIG = '{}'
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const TYPE = 'application/vnd.oci.image.manifest.v1+json'
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: TYPE,
  config: { mediaType: 'application/json', digest: digestOf(CONFIG), size: CONFIG.length },
  layers: [],
})

describe('entrepot package', () => {
  let cli: TestCli
  const version = digestOf(MANIFEST)

  before(async () => {
    cli = await openTestCli()
    for (const name of ['ann', 'bob']) {
      await ok('user', 'create', name, '--email', `${name}@example.org`)
    }
    await ok('namespace', 'create', 'acme', '--owner', 'ann')
    await ok('namespace', 'create', 'bobco', '--owner', 'bob')
    const secret = await ok('token', 'create', '--user', 'ann', '--scope', 'read,publish')
    const server = await cli.serve()
    const headers = { authorization: `Bearer ${secret.trim()}` }
    const blobs = `${server.url}/v2/acme/web/blobs/uploads/?digest=${digestOf(CONFIG)}`
    const sent = { method: 'POST', headers, body: CONFIG }
    assert.equal((await fetch(blobs, sent)).status, 201)
    const put = await fetch(`${server.url}/v2/acme/web/manifests/v1`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': TYPE },
      body: MANIFEST,
    })
    assert.equal(put.status, 201)
    server.kill('SIGTERM')
    await server.ended
  })
  after(() => cli.close())

  async function ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await cli.run(args)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, args.join(' '))
    return stdout
  }

  test('everything that is done to what was published', async () => {
    const web = 'oci/acme/web'
    assert.match(await ok('package', 'yank', web, version, '--reason', 'bad'), /^yanked oci/)
    assert.match(await ok('package', 'unyank', web, version), /not yanked any more/)
    assert.match(
      await ok('package', 'deprecate', web, 'use b', '--release', version),
      /^deprecated/,
    )
    assert.match(await ok('package', 'deprecate', web), /not deprecated any more/)
    await ok('package', 'owners', 'add', web, 'bob', '--role', 'publisher')
    assert.match(await ok('package', 'owners', 'list', web), /^bob\tpublisher\t/)
    await ok('package', 'owners', 'remove', web, 'bob')
    const made = JSON.parse(await ok('package', 'transfer', 'offer', web, '--to', 'bob', '--json'))
    assert.match(made.expiresAt, /^\d{4}-/)
    assert.match(await ok('package', 'transfer', 'list'), /\toci\/acme\/web\tbob\tpending\t/)
    const id = String(made.id)
    assert.equal(
      await ok('package', 'transfer', 'accept', id, '--namespace', 'bobco'),
      'acme/web is bobco/web now\n',
    )
    const gone = await cli.run(['package', 'transfer', 'cancel', '999'])
    assert.equal(gone.code, 1)
    assert.match(gone.stderr, /no such transfer\n {2}`entrepot package transfer list`/)
    const moved = ['package', 'remove', 'oci/bobco/web', version]
    assert.equal((await cli.run(moved)).code, 2)
    const told = await ok(...moved, '--reason', 'holds a key', '--advisory')
    const [, advisory = ''] =
      /^removed oci\/bobco\/web \S+ for good; advisory (\S+) tells of it$/m.exec(told) ?? []
    assert.match(await ok('advisory', 'list'), new RegExp(`^${advisory}\t`))
    assert.equal((await cli.run([...moved, '--reason', 'again'])).code, 1)
    assert.equal((await cli.run(['verify'])).code, 0)
  })
})

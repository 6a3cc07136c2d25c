import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestCli, PROGRAM, type Ran, type TestCli } from './test-cli.ts'

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe('entrepot, on the data of a registry', () => {
  let cli: TestCli
  before(async () => {
    cli = await openTestCli()
    await ok('user', 'create', 'ann', '--email', 'ann@example.org', '--operator')
    await ok('user', 'create', 'bob', '--email', 'bob@example.org')
    await ok('namespace', 'create', 'acme', '--owner', 'ann')
  })
  after(() => cli.close())

  async function ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await cli.run(args)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    return stdout
  }

  async function json(...args: string[]) {
    return JSON.parse(await ok(...args, '--json'))
  }

  async function refused(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await cli.run(args)
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
    return stderr
  }

  test('user list: tabs between the values, one user per line', async () => {
    const [ann = '', bob = '', ...rest] = (await ok('user', 'list')).split('\n')
    assert.match(ann, /^ann\tann@example\.org\tyes\t\d{4}-\S+Z\t-$/)
    assert.match(bob, /^bob\tbob@example\.org\tno\t\d{4}-\S+Z\t-$/)
    assert.deepEqual(rest, [''])
  })

  test('user list --json', async () => {
    const [ann] = await json('user', 'list')
    assert.match(ann.createdAt, MOMENT)
    const { id, createdAt: _, ...known } = ann
    assert.equal(typeof id, 'number')
    assert.deepEqual(known, { name: 'ann', email: 'ann@example.org', isOperator: true })
  })

  test('user disable and enable answer with the user', async () => {
    assert.match((await json('user', 'disable', 'bob')).disabledAt, MOMENT)
    assert.equal((await json('user', 'enable', 'bob')).disabledAt, undefined)
  })

  test('a refusal names the reason and the next command, and exits with 1', async () => {
    assert.equal(
      await refused('user', 'disable', 'nobody'),
      'entrepot: there is no user nobody\n' +
        '  `entrepot user list` shows who there is, `entrepot user create` makes an account\n',
    )
    assert.match(
      await refused('user', 'create', 'ANN', '--email', 'a@example.org'),
      /^entrepot: there is a user ann already\n {2}choose another name/,
    )
    assert.match(await refused('namespace', 'create', 'x', '--owner', 'nobody'), /user nobody/)
    assert.match(await refused('member', 'remove', 'acme', 'ann'), /--role admin/)
    assert.match(await refused('token', 'revoke', '999'), /entrepot token list/)
    assert.match(await refused('jobs', 'retry', '999'), /entrepot jobs list/)
  })

  test('token create prints the token alone; its limits are listed by name', async () => {
    const secret = await ok(
      ...['token', 'create', '--user', 'bob', '--scope', 'read,publish', '--namespace', 'acme'],
      ...['--expires', '90d', '--name', 'laptop'],
    )
    assert.match(secret, /^ent_\w+\n$/)
    const [token] = await json('token', 'list', '--user', 'bob')
    const { id, createdAt, expiresAt, onlyNamespaces, ...known } = token
    const days = (Date.parse(expiresAt) - Date.parse(createdAt)) / 86_400_000
    assert.ok(Math.abs(days - 90) < 0.001, `${days} days`)
    assert.equal(onlyNamespaces.length, 1)
    assert.deepEqual(known, {
      name: 'laptop',
      owner: { user: 'bob' },
      scopes: ['publish', 'read'],
      createdBy: 'system:cli',
      namespaces: ['acme'],
    })
    assert.match(await ok('token', 'list'), new RegExp(`^${id}\tlaptop\tbob\tpublish,read\tacme\t`))
    assert.ok(!(await ok('token', 'list', '--json')).includes(secret.trim()))
  })

  test('token create --robot makes one that the namespace owns', async () => {
    const { token, secret } = await json(
      ...['token', 'create', '--robot', '--namespace', 'acme', '--role', 'publisher'],
      ...['--name', 'ci', '--scope', 'read,publish'],
    )
    assert.match(secret, /^ent_/)
    assert.deepEqual(token.owner, { namespace: 'acme', role: 'publisher' })
    const [listed, ...rest] = await json('token', 'list', '--namespace', 'acme')
    assert.deepEqual([listed.id, listed.name, rest], [token.id, 'ci', []])
  })

  test('members come, change and go', async () => {
    assert.equal(
      await ok('member', 'add', 'acme', 'bob', '--role', 'reader'),
      'bob is reader of acme\n',
    )
    await ok('member', 'add', 'acme', 'bob', '--role', 'publisher')
    const members = await json('member', 'list', 'acme')
    const roles = members.map((member: { user: string; role: string }) => [
      member.user,
      member.role,
    ])
    assert.deepEqual(roles, [
      ['ann', 'admin'],
      ['bob', 'publisher'],
    ])
    await ok('member', 'remove', 'acme', 'bob')
    assert.equal((await ok('member', 'list', 'acme')).split('\n').length, 2)
  })

  test('addresses are invited, listed, and not invited any more', async () => {
    assert.equal(
      await ok('member', 'invite', 'acme', 'Zoe@Example.org', '--role', 'publisher'),
      'Zoe@Example.org is invited to be publisher of acme, for 30 days\n',
    )
    assert.match(
      await ok('member', 'invitations', 'acme'),
      /^zoe@example\.org\tpublisher\tsystem:cli\t\d{4}-\S+Z\n$/,
    )
    assert.deepEqual(
      await json('member', 'invite', 'acme', 'bob@example.org', '--role', 'reader'),
      {
        namespace: 'acme',
        email: 'bob@example.org',
        role: 'reader',
        state: 'member',
      },
    )
    await ok('member', 'remove', 'acme', 'bob')
    assert.equal(
      await ok('member', 'uninvite', 'acme', 'zoe@example.org'),
      'zoe@example.org is not invited to acme any more\n',
    )
    assert.match(await refused('member', 'uninvite', 'acme', 'zoe@example.org'), /is not invited/)
    assert.match(await refused('member', 'invite', 'acme', 'zoe', '--role', 'reader'), /no e-mail/)
  })

  test('a deleted namespace is terminating; its job can be listed and discarded', async () => {
    await ok('namespace', 'create', 'gone', '--owner', 'ann')
    await ok('namespace', 'delete', 'gone')
    const namespaces = await json('namespace', 'list')
    const states = namespaces.map((one: { name: string; status: string }) => [one.name, one.status])
    assert.deepEqual(states, [
      ['acme', 'active'],
      ['gone', 'terminating'],
    ])
    // Besides mails that wait for a server.
    const ending = async () => {
      const jobs = await json('jobs', 'list')
      return jobs.filter(({ kind }: { kind: string }) => kind === 'namespace.delete')
    }
    const [job, ...rest] = await ending()
    assert.deepEqual([job.state, rest], ['waiting', []])
    assert.match(job.runAt, MOMENT)
    assert.deepEqual(await json('jobs', 'list', '--state', 'dead'), [])
    assert.match(await refused('jobs', 'retry', String(job.id)), /is not dead/)
    await ok('jobs', 'discard', String(job.id))
    assert.deepEqual(await ending(), [])
  })

  test('migrate says when there is nothing to do', async () => {
    assert.equal(await ok('migrate'), 'the schema is up to date: nothing to do\n')
    assert.deepEqual(await json('migrate'), { applied: [] })
  })

  test('openapi prints the document, with the public address', async () => {
    const document = await json('openapi', '--public-url', 'https://registry.example.org')
    assert.match(document.openapi, /^3\.1/)
    assert.deepEqual(document.servers, [{ url: 'https://registry.example.org' }])
    assert.ok(Object.keys(document.paths).length > 5)
  })

  test('a reader that closes the pipe is no failure', async () => {
    const line = `{ ${PROGRAM} openapi; echo "code $?" >&2; } | head -c 1 >/dev/null`
    assert.deepEqual(await cli.shell(line), { code: 0, stdout: '', stderr: 'code 0\n' })
  })
})

describe('entrepot gc and verify', () => {
  const bytes = Buffer.from('some bytes that nothing will need')
  const hex = createHash('sha256').update(bytes).digest('hex')
  let cli: TestCli
  before(async () => {
    cli = await openTestCli()
    const server = await cli.serve()
    const { stdout } = await cli.shell(
      `set -e; e=${PROGRAM}; $e user create ann --email ann@example.org >&2
      $e namespace create acme --owner ann >&2; $e token create --user ann --scope read,publish`,
    )
    const pushed = await fetch(`${server.url}/v2/acme/app/blobs/uploads/?digest=sha256:${hex}`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`ann:${stdout.trim()}`).toString('base64')}`,
        'content-type': 'application/octet-stream',
      },
      body: bytes,
    })
    assert.equal(pushed.status, 201, server.stderr())
    server.kill('SIGTERM')
    await server.ended
  })
  after(() => cli.close())

  test('verify: all is well, and says so beside an empty stdout', async () => {
    const { code, stdout, stderr } = await cli.run(['verify'])
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' })
    assert.match(stderr, /^checked \d+ records: all is well\n$/)
  })

  test('gc keeps what is in its grace time', async () => {
    const { code, stdout } = await cli.run(['gc'])
    assert.equal(code, 0)
    assert.match(stdout, /^removed 0 blobs, .*: 0 B\n33 B more can go when their grace time/)
  })

  test('gc --dry-run lists and removes nothing', async () => {
    const first = await gc('--dry-run')
    assert.deepEqual(await gc('--dry-run'), first)
    assert.match(first.stdout, new RegExp(`^blob\t${bytes.length}\tsha256:${hex}$`, 'm'))
    assert.match(first.stderr, /^would remove 1 blob, .*: 33 B\n/)
    const dry = JSON.parse((await gc('--dry-run', '--json')).stdout)
    assert.deepEqual([dry.dryRun, dry.deletedBlobs, dry.isComplete], [true, 1, true])
    assert.ok(dry.items.some((item: { name: string }) => item.name === `sha256:${hex}`))
  })

  test('verify: a damaged byte is found unless quick, a missing file always', async () => {
    const path = await fileOf()
    await writeFile(path, Buffer.from(bytes.toString().toUpperCase()))
    assert.equal((await cli.run(['verify', '--quick'])).code, 0)
    const damaged = await cli.run(['verify'])
    assert.equal(damaged.code, 1)
    assert.match(damaged.stdout, new RegExp(`^blob_digest\t.*${hex}.*\t.+\n$`))
    await rm(path)
    const missing = await cli.run(['verify', '--quick', '--json'])
    assert.equal(missing.code, 1)
    const { problems, checked } = JSON.parse(missing.stdout)
    assert.equal(checked.blobs, 1)
    assert.deepEqual(
      problems.map((problem: { kind: string }) => problem.kind),
      ['blob_missing'],
    )
    await writeFile(path, bytes)
  })

  test('gc removes it', async () => {
    const { code, stdout } = await gc()
    assert.equal(code, 0)
    assert.match(stdout, /^removed 1 blob, .*: 33 B\n$/)
    assert.match((await gc()).stdout, /^removed 0 blobs/)
    assert.equal((await cli.run(['verify'])).code, 0)
  })

  function gc(...args: string[]): Promise<Ran> {
    return cli.run(['gc', ...args], { ENTREPOT_GC_GRACE: '0s' })
  }

  async function fileOf(): Promise<string> {
    const { stdout } = await cli.shell(`find data/blobs -type f -name '${hex}*'`)
    assert.match(stdout, /^data\/blobs\/\S+\n$/)
    return join(cli.dir, stdout.trim())
  }
})

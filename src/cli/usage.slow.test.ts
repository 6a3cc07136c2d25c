import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from '#runtime/test.ts'
import { createProgram } from './program.ts'
import { openTestCli, type TestCli } from './test-cli.ts'

describe('entrepot, used wrongly', () => {
  let cli: TestCli
  before(async () => {
    cli = await openTestCli()
  })
  after(() => cli.close())

  const wrong: ReadonlyArray<readonly [args: string, says: RegExp]> = [
    ['usr', /^entrepot: unknown command 'usr'\n\(Did you mean user\?\)\n {2}add --help/],
    ['user crate', /\(Did you mean create\?\)/],
    ['serve --lisen 127.0.0.1:0', /\(Did you mean --listen\?\)/],
    ['serve somewhere', /too many arguments/],
    ['user create ann', /required option '--email <address>'/],
    ['token create --user ann', /required option '--scope/],
    ['token create --scope read', /--user says whose token/],
    ['token create --user ann --scope raed', /scopes are one or more of/],
    ['token create --user ann --scope read --expires soon', /a duration with its unit/],
    ['token create --user ann --scope read --role reader', /--role is for robots/],
    ['token create --robot --scope read', /one --namespace, a --role and a --name/],
    ['token revoke first', /Expected a number/],
    ['member add acme ann --role king', /Allowed choices are reader, publisher, admin/],
    ['user list --data', /argument missing/],
  ]
  for (const [args, says] of wrong) {
    test(`entrepot ${args}: exit code 2 and what is wrong`, async () => {
      const { code, stdout, stderr } = await cli.run(args.split(' '))
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
      assert.match(stderr, says)
      assert.match(stderr, /^entrepot: /)
    })
  }

  test('without a command it shows help on stderr, with exit code 2', async () => {
    for (const args of [[], ['user']]) {
      const { code, stdout, stderr } = await cli.run(args)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
      assert.match(stderr, /^Usage: entrepot/)
    }
  })

  test('--help and --version are no failures', async () => {
    const version = await cli.run(['--version'])
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
    assert.equal(version.code, 0)
    const help = await cli.run(['token', 'create', '--help'])
    assert.equal(help.code, 0)
    for (const part of ['--expires <time>', '--database-url <URL>', '$ entrepot token create']) {
      assert.ok(help.stdout.includes(part), help.stdout)
    }
  })

  test('every command has a description and an example', () => {
    const visit = (command: ReturnType<typeof createProgram>): number => {
      const help: string[] = []
      command.configureOutput({ writeOut: (text) => help.push(text) }).outputHelp()
      assert.match(help.join(''), /\nExamples:\n {2}\$ entrepot \S/, command.name())
      assert.notEqual(command.description(), '', command.name())
      return 1 + command.commands.reduce((sum, child) => sum + visit(child), 0)
    }
    assert.ok(visit(createProgram()) > 25)
  })
})

describe('entrepot config', () => {
  let cli: TestCli
  before(async () => {
    cli = await openTestCli()
  })
  after(() => cli.close())

  test('shows values and where they came from, secrets masked', async () => {
    await writeFile(join(cli.dir, 'entrepot.toml'), '[gc]\ngrace = "2d"\n')
    const { code, stdout, stderr } = await cli.run(['config', '--listen', '127.0.0.1:7999'], {
      ENTREPOT_METRICS_TOKEN: 'hunter2hunter2hunter2',
      ENTREPOT_DATABASE_URL: 'postgres://ann:hunter2hunter2@127.0.0.1/x',
      ENTREPOT_LOG_LEVEL: 'warn',
    })
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    const rows = stdout.split('\n')
    for (const row of [
      'listen\t127.0.0.1:7999\t--listen',
      'public_url\thttp://127.0.0.1:7999\tdefault',
      'log.level\twarn\tENTREPOT_LOG_LEVEL',
      'database.url\tpostgres://ann:•••@127.0.0.1/x\tENTREPOT_DATABASE_URL',
      'metrics.token\t•••\tENTREPOT_METRICS_TOKEN',
      'limits.max_blob\t100 GiB\tdefault',
      'cors.origins\t-\tdefault',
    ]) {
      assert.ok(rows.includes(row), `${row}\nis not in\n${stdout}`)
    }
    assert.match(stdout, /^gc\.grace\t2d\t.*entrepot\.toml$/m)
    assert.ok(!stdout.includes('hunter2'))
  })

  test('--json has the documentation too', async () => {
    const { stdout } = await cli.run(['config', '--json'])
    const [first] = JSON.parse(stdout)
    assert.deepEqual(Object.keys(first).sort(), ['doc', 'key', 'source'])
  })

  test('touches no data', async () => {
    assert.equal((await cli.shell('ls')).stdout, 'entrepot.toml\n')
  })
})

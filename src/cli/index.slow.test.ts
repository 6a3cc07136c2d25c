import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestCli, type TestCli } from './test-cli.ts'

describe('entrepot index', () => {
  let cli: TestCli
  before(async () => {
    cli = await openTestCli()
  })
  after(() => cli.close())

  async function ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await cli.run(args)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    return stdout
  }

  test('status, rebuild and squash agree on what the index is', async () => {
    assert.equal(await ok('index', 'status'), 'elba\t0\t0\t0\tmissing\t-\t-\n')
    const rebuilt = await ok('index', 'rebuild')
    const head = /the last is ([0-9a-f]{40})/.exec(rebuilt)?.[1] ?? ''
    assert.equal(
      rebuilt,
      `The index of elba has 1 commit, the last is ${head}: put right by 1 new commit.\n`,
    )
    assert.match(await ok('index', 'rebuild', 'elba'), new RegExp(`${head}: nothing was wrong`))
    const [status] = JSON.parse(await ok('index', 'status', '--json'))
    const { committedAt, ...rest } = status
    assert.ok(Date.parse(committedAt) > 0)
    assert.deepEqual(rest, {
      ecosystem: 'elba',
      files: 1,
      commits: 1,
      head,
      waiting: 0,
      repository: 'current',
      isMirrored: false,
    })
    const squashed = JSON.parse(await ok('index', 'squash', 'elba', '--json'))
    assert.deepEqual([squashed.ecosystem, squashed.dropped], ['elba', 1])
    assert.match(await ok('index', 'status'), new RegExp(`\tcurrent\t${squashed.commitId}\t`))
    const { code } = await cli.run(['verify'])
    assert.equal(code, 0)
  })

  test('an ecosystem without an index is refused', async () => {
    const { code, stderr } = await cli.run(['index', 'rebuild', 'oci'])
    assert.equal(code, 1)
    assert.match(stderr, /oci has no index here; these have: elba/)
  })

  test('where a mirror is, is shown without its secret; what is no repository is refused', async () => {
    const url = 'https://bot:s3cret@git.example.org/index.git'
    const shown = await cli.run(['config'], { ENTREPOT_INDEX_MIRROR_ELBA: url })
    assert.match(shown.stdout, /index_mirror\.elba.*https:\/\/•••@git\.example\.org\/index\.git/)
    assert.ok(!shown.stdout.includes('s3cret'))
    for (const bad of [
      'ext::sh -c id',
      '-u',
      'relative/path',
      'ftp://x/y',
      'https://host',
      'file://host/x',
    ]) {
      const { code, stderr } = await cli.run(['index', 'status'], {
        ENTREPOT_INDEX_MIRROR_ELBA: bad,
      })
      assert.notEqual(code, 0, bad)
      assert.match(stderr, /index_mirror\.elba.*expected https:\/\/, http:\/\//, bad)
    }
  })
})

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestCli, PROGRAM, type TestCli } from './test-cli.ts'

describe('advisory and search on the command line', () => {
  let cli: TestCli
  const document = {
    id: 'GHSA-aaaa-bbbb-cccc',
    summary: 'Trouble',
    affected: [{ package: { ecosystem: 'OCI', name: 'acme/web' }, versions: ['1'] }],
  }

  before(async () => {
    cli = await openTestCli()
    await writeFile(join(cli.dir, 'a.json'), JSON.stringify(document))
    await writeFile(join(cli.dir, 'bad.json'), JSON.stringify({ ...document, affected: [] }))
    await writeFile(join(cli.dir, 'worse.json'), '{')
  })
  after(() => cli.close())

  test('adds, lists, publishes and withdraws', async () => {
    const added = await cli.run(['advisory', 'add', 'a.json'])
    assert.deepEqual([added.code, added.stdout], [0, `advisory ${document.id} is draft\n`])
    assert.equal((await cli.run(['advisory', 'list'])).stdout, '')
    const drafts = await cli.run(['advisory', 'list', '--state', 'draft'])
    assert.match(drafts.stdout, /^GHSA-aaaa-bbbb-cccc\tdraft\t\S+\tacme\/web\tTrouble\n$/)
    const published = await cli.run(['advisory', 'publish', document.id])
    assert.deepEqual([published.code, published.stderr], [0, ''])
    const listed = await cli.run(['--json', 'advisory', 'list'])
    const [first] = JSON.parse(listed.stdout) as Array<{ state: string; document: object }>
    assert.equal(first?.state, 'published')
    assert.equal((await cli.run(['advisory', 'withdraw', document.id])).code, 0)
    const again = await cli.run(['advisory', 'publish', document.id])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /was withdrawn/)
  })

  test('reads stdin, publishes at once, and gives an id', async () => {
    const written = JSON.stringify({ ...document, id: undefined })
    const { code, stdout } = await cli.shell(
      `echo '${written}' | '${PROGRAM}' advisory add --publish -`,
    )
    assert.equal(code, 0)
    assert.match(stdout, /^advisory x_entrepot-\d{4}-0001 is published\n$/)
  })

  test('says what is wrong with a document', async () => {
    const bad = await cli.run(['advisory', 'add', 'bad.json'])
    assert.notEqual(bad.code, 0)
    assert.match(bad.stderr, /affected/)
    const worse = await cli.run(['advisory', 'add', 'worse.json'])
    assert.match(worse.stderr, /not JSON/)
    assert.notEqual((await cli.run(['advisory', 'add', 'missing.json'])).code, 0)
  })

  test('rebuilds the search', async () => {
    const { code, stdout } = await cli.run(['search', 'rebuild'])
    assert.deepEqual([code, stdout], [0, 'search knows 0 packages\n'])
  })
})

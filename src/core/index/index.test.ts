import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createUser } from '#core/accounts/create-user.ts'
import type { App } from '#core/app.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { acceptTransfer } from '#core/packages/transfer/accept-transfer.ts'
import { offerTransfer } from '#core/packages/transfer/offer-transfer.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { deprecateRelease } from '#core/releases/deprecate-release.ts'
import { removeRelease } from '#core/releases/remove-release.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import { verify } from '#core/verify/verify.ts'
import { afterEach, beforeEach, describe, test } from '#runtime/test.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { commitIndex } from './commit-index.ts'
import { openIndexArchive } from './index-archive.ts'
import { publishToy, toyFiles, toyRef, toyWithIndex } from './index-fixture.ts'
import { openIndexRepository } from './index-repository.ts'
import { prepareIndex } from './index-state.ts'
import { rebuildIndex } from './rebuild-index.ts'
import { squashIndex } from './squash-index.ts'

let t: TestApp
let app: App

beforeEach(async () => {
  t = await openTestApp()
  app = { ...t.app, ecosystems: [toyWithIndex] }
  await createUser(app, operator, { name: 'ann', email: 'ann@example.org' })
  await createNamespace(app, operator, { name: 'acme', owner: 'ann' })
  await prepareIndex(app, toyWithIndex)
})
afterEach(() => t.close())

/** Commits what waits; answers the subject of the commit's message, if there was one. */
async function commit(on: App = app): Promise<string | undefined> {
  const { commit: made } = await commitIndex(on, toyWithIndex)
  return made?.message.split('\n')[0]
}

function git(...args: string[]): string {
  return execFileSync('git', [`--git-dir=${join(t.dir, 'git', 'index', 'toy.git')}`, ...args], {
    encoding: 'utf8',
  }).trim()
}

/** The tree of the repository: texts by path. */
function gitFiles(): Record<string, string> {
  const paths = git('ls-tree', '-r', '--name-only', 'master').split('\n')
  return Object.fromEntries(paths.map((path) => [path, `${git('show', `master:${path}`)}\n`]))
}

async function problems(): Promise<string[]> {
  const found: string[] = []
  await verify(app, { checkBytes: true, onProblem: ({ kind }) => found.push(kind) })
  return found
}

const line = (version: string, isYanked = false) => `${JSON.stringify({ version, isYanked })}\n`
const ROOT = { 'config.json': '{"url":"http://127.0.0.1:7080/toy/"}\n' }

describe('an index', () => {
  test('follows its packages, one commit for what came together', async () => {
    assert.equal(await commit(), 'Update config.json')
    assert.equal(await commit(), undefined)
    await publishToy(app, 'acme/a', '1')
    await publishToy(app, 'acme/b', '1')
    await publishToy(app, 'acme/a', '2')
    assert.equal(await commit(), 'Update 2 files')
    const files = { ...ROOT, 'acme/a': line('1') + line('2'), 'acme/b': line('1') }
    assert.deepEqual(await toyFiles(app), files)
    await yankRelease(app, operator, toyRef('acme/a'), { version: '1', isYanked: true })
    assert.equal(await commit(), 'Update acme/a')
    await removeRelease(app, operator, toyRef('acme/a'), { version: '2', reason: 'bad' })
    await commit()
    assert.deepEqual(await toyFiles(app), { ...files, 'acme/a': line('1', true) })
    await updatePackage(app, operator, toyRef('acme/b'), { visibility: 'private' })
    await commit()
    assert.deepEqual(await toyFiles(app), { ...ROOT, 'acme/a': line('1', true) })
    // A deprecation that the file does not tell is no commit.
    await deprecateRelease(app, operator, toyRef('acme/a'), { message: 'use b' })
    assert.equal(await commit(), undefined)
    await deletePackage(app, operator, toyRef('acme/a'))
    await commit()
    assert.deepEqual(await toyFiles(app), ROOT)
    assert.deepEqual(await problems(), [])
  })

  test('follows a package to another namespace, and a name to another package', async () => {
    await createUser(app, operator, { name: 'sam', email: 'sam@example.org' })
    await createNamespace(app, operator, { name: 'samco', owner: 'sam' })
    await publishToy(app, 'acme/a', '1')
    await publishToy(app, 'acme/b', '1')
    await commit()
    const { id } = await offerTransfer(app, operator, toyRef('acme/a'), { to: 'samco' })
    await acceptTransfer(app, operator, { id })
    assert.equal(await commit(), 'Update 2 files')
    assert.deepEqual(await toyFiles(app), { ...ROOT, 'acme/b': line('1'), 'samco/a': line('1') })
    await deletePackage(app, operator, toyRef('acme/b'))
    await publishToy(app, 'acme/b', '5')
    assert.equal(await commit(), 'Update acme/b')
    assert.deepEqual(await toyFiles(app), { ...ROOT, 'acme/b': line('5'), 'samco/a': line('1') })
    await deletePackage(app, operator, toyRef('acme/b'))
    await publishToy(app, 'acme/b', '5')
    // It says the same and is another package's: it must go with that one.
    assert.equal(await commit(), undefined)
    await deletePackage(app, operator, toyRef('acme/b'))
    await commit()
    assert.deepEqual(await toyFiles(app), { ...ROOT, 'samco/a': line('1') })
    assert.deepEqual(await problems(), [])
  })

  test('is a repository that stock git finds whole, with the ids that the database says', async () => {
    await publishToy(app, 'acme/a', '1')
    await publishToy(app, 'acme/zoo', '1', { text: 'ü 😀' })
    await commit()
    await publishToy(app, 'acme/a', '2')
    await commit()
    await updatePackage(app, operator, toyRef('acme/zoo'), { visibility: 'private' })
    await commit()
    const { head } = await openIndexRepository(app, toyWithIndex)
    assert.equal(git('rev-parse', 'master'), head)
    git('fsck', '--full', '--strict')
    assert.deepEqual(gitFiles(), await toyFiles(app))
    assert.equal(git('rev-list', '--count', 'master'), '3')
    assert.equal(
      git('show', 'master~1:acme/zoo'),
      JSON.stringify({ version: '1', isYanked: false, text: 'ü 😀' }),
    )
    assert.match(
      git('log', '-1', '--format=%an %ae %cn %at %B', 'master'),
      /^Entrepot registry@entrepot.invalid Entrepot 1767225600 Update acme\/zoo/,
    )
    assert.deepEqual(await problems(), [])
  })

  test('is an archive of the same files, the same bytes again', async () => {
    await publishToy(app, 'acme/a', '1')
    await commit()
    const { bytes, commitId } = await openIndexArchive(app, toyWithIndex)
    assert.equal(commitId, (await openIndexRepository(app, toyWithIndex)).head)
    const listed = execFileSync('tar', ['tzvf', '-'], { input: bytes, encoding: 'utf8' })
    assert.deepEqual(
      listed
        .trim()
        .split('\n')
        .map((one) => one.split(/\s+/).at(-1)),
      ['acme/a', 'config.json'],
    )
    const again = await openIndexArchive({ ...app }, toyWithIndex)
    assert.notEqual(again.bytes, bytes)
    // On every machine and runtime: these are golden.
    assert.equal(commitId, '1a7490028f42c5edffeae3926bbd6c16308e14ab')
    assert.equal(
      createHash('sha256').update(bytes).digest('hex'),
      '6b31d739bcb6feba44d8fedaed361d54722fd43ea82e0e64963373f670193a1f',
    )
    assert.deepEqual(again.bytes, bytes)
  })

  test('is never forked by two processes that write it at once', async () => {
    const twin = { ...(await t.openTwin()), ecosystems: [toyWithIndex] }
    const otherGit = await openTestApp()
    const far = { ...twin, git: otherGit.app.git }
    try {
      for (let round = 0; round < 5; round++) {
        await Promise.all([
          publishToy(app, `acme/p${round}`, '1'),
          publishToy(far, 'acme/q', `${round}`),
        ])
        await Promise.all([commit(app), commit(far), commit(app)])
        const heads = await Promise.all([
          openIndexRepository(app, toyWithIndex),
          openIndexRepository(far, toyWithIndex),
        ])
        assert.equal(heads[0].head, heads[1].head)
      }
      assert.deepEqual(await problems(), [])
    } finally {
      await otherGit.close()
    }
  })

  test('a package that cannot be rendered keeps nobody else out', async () => {
    const errors: string[] = []
    const log = { ...app.log, error: (_: object, message: string) => void errors.push(message) }
    app = { ...app, log }
    await publishToy(app, 'acme/a', '1')
    await commit()
    await publishToy(app, 'acme/a', '2', { isBroken: true })
    await publishToy(app, 'acme/b', '1')
    await commit()
    assert.deepEqual(await toyFiles(app), { ...ROOT, 'acme/a': line('1'), 'acme/b': line('1') })
    assert.deepEqual(errors, ['a package is missing in the index'])
    assert.deepEqual(await problems(), ['index_file'])
  })

  test('rebuilt: the same commits, whatever was lost', async () => {
    await publishToy(app, 'acme/a', '1')
    await commit()
    await publishToy(app, 'acme/b', '1')
    await commit()
    const { head } = await openIndexRepository(app, toyWithIndex)
    await app.git.discard('index/toy')
    await app.database.db.transaction().execute(async (tx) => {
      await tx.deleteFrom('indexFiles').where('path', '=', 'acme/a').execute()
      await tx.updateTable('indexFiles').set({ text: 'x' }).where('path', '=', 'acme/b').execute()
      await tx.deleteFrom('indexFolders').execute()
    })
    assert.deepEqual((await problems()).sort(), ['index_file', 'index_file', 'index_history'])
    assert.deepEqual(await rebuildIndex(app, toyWithIndex), {
      ecosystem: 'toy',
      commits: 2,
      added: 0,
      head,
    })
    assert.equal(git('rev-parse', 'master'), head)
    assert.deepEqual(await problems(), [])
    await publishToy(app, 'acme/a', '2')
    await commit()
    await openIndexRepository(app, toyWithIndex)
    git('fsck', '--full', '--strict')
    assert.deepEqual(await problems(), [])
  })

  test('squashed: one commit, the same files, and on from there', async () => {
    for (const version of ['1', '2', '3']) {
      await publishToy(app, 'acme/a', version)
      await commit()
    }
    await openIndexRepository(app, toyWithIndex)
    const files = await toyFiles(app)
    const { commit: first, dropped } = await squashIndex(app, operator, toyWithIndex)
    assert.equal(dropped, 3)
    assert.equal((await openIndexRepository(app, toyWithIndex)).head, first.commitId)
    assert.equal(git('rev-list', '--count', 'master'), '1')
    assert.deepEqual(gitFiles(), files)
    await publishToy(app, 'acme/a', '4')
    await commit()
    await openIndexRepository(app, toyWithIndex)
    assert.equal(git('rev-parse', 'master~1'), first.commitId)
    assert.deepEqual(await problems(), [])
    const { actor, subject } = await app.database.db
      .selectFrom('audit')
      .select(['actor', 'subject'])
      .where('action', '=', 'index.squash')
      .executeTakeFirstOrThrow()
    assert.deepEqual({ actor, subject }, { actor: 'system:cli', subject: 'index:toy' })
  })

  test('another address, or another format, writes all of it anew; the old address is not taken back', async () => {
    await publishToy(app, 'acme/a', '1')
    await commit()
    const moved = { ...app, settings: { ...app.settings, publicUrl: 'https://reg.example.org' } }
    await prepareIndex(moved, toyWithIndex)
    // Whichever process commits: the index says what the last one that started said.
    assert.equal(await commit(), 'Update config.json')
    assert.deepEqual(await toyFiles(app), {
      'config.json': '{"url":"https://reg.example.org/toy/"}\n',
      'acme/a': line('1'),
    })
    assert.deepEqual(await problems(), [])
  })
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { createUser } from '#core/accounts/create-user.ts'
import type { App } from '#core/app.ts'
import { startWorker } from '#core/jobs/worker.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { afterEach, beforeEach, describe, test } from '#runtime/test.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { commitIndex } from './commit-index.ts'
import { publishToy, toyWithIndex } from './index-fixture.ts'
import { prepareIndex } from './index-state.ts'
import { mirrorIndexJob } from './mirror-job.ts'
import { squashIndex } from './squash-index.ts'

let t: TestApp
let app: App
let lines: string[]

beforeEach(async () => {
  t = await openTestApp()
  lines = []
  const log = { ...t.app.log, warn: (fields: object) => void lines.push(JSON.stringify(fields)) }
  app = { ...t.app, log, ecosystems: [toyWithIndex] }
  await createUser(app, operator, { name: 'ann', email: 'ann@example.org' })
  await createNamespace(app, operator, { name: 'acme', owner: 'ann' })
})
afterEach(() => t.close())

function mirroredTo(url: string): App {
  return { ...app, settings: { ...app.settings, indexMirrors: { toy: url } } }
}

/** Publishes, commits, and does the jobs that are due. */
async function publish(on: App, version: string): Promise<void> {
  await prepareIndex(on, toyWithIndex)
  await publishToy(on, 'acme/a', version)
  await commitIndex(on, toyWithIndex)
  await doJobs(on)
}

async function doJobs(on: App): Promise<void> {
  const worker = startWorker(on, [mirrorIndexJob], [], { pollMs: 10_000 })
  await worker.idle()
  await worker.stop()
}

const jobs = () =>
  app.database.db
    .selectFrom('jobs')
    .select(['kind', 'key', 'state', 'attempts', 'lastError'])
    .execute()

describe('the mirror of an index', () => {
  test('has every commit, also after the history was squashed', async () => {
    const dir = join(t.dir, 'mirror.git')
    execFileSync('git', ['init', '--bare', '--quiet', '--initial-branch=master', dir])
    const head = () =>
      execFileSync('git', [`--git-dir=${dir}`, 'rev-parse', 'master'], { encoding: 'utf8' }).trim()
    const on = mirroredTo(dir)
    for (const version of ['1', '2']) {
      await publish(on, version)
      const state = await app.database.db
        .selectFrom('indexState')
        .select('commitId')
        .executeTakeFirst()
      assert.equal(head(), state?.commitId)
    }
    const { commit } = await squashIndex(on, operator, toyWithIndex)
    await doJobs(on)
    assert.equal(head(), commit.commitId)
    assert.deepEqual(await jobs(), [])
  })

  test('is tried again when it is gone; nobody is told its secret', async () => {
    const on = mirroredTo('http://bot:s3cret@127.0.0.1:9/index.git')
    await publish(on, '1')
    await publish(on, '2')
    const [job, ...rest] = await jobs()
    assert.deepEqual(rest, [])
    assert.deepEqual([job?.kind, job?.key, job?.state], ['index.mirror', 'toy', 'waiting'])
    assert.ok((job?.attempts ?? 0) >= 1)
    assert.match(job?.lastError ?? '', /^Error: git push: .*(connect|refused)/i)
    const told = JSON.stringify([job, lines])
    assert.ok(!told.includes('s3cret') && !told.includes('bot'), told)
    t.clock.advance(60)
    const dir = join(t.dir, 'mirror.git')
    execFileSync('git', ['init', '--bare', '--quiet', dir])
    await doJobs(mirroredTo(dir))
    assert.deepEqual(await jobs(), [])
  })
})

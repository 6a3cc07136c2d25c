import assert from 'node:assert/strict'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { createNamespace } from './create-namespace.ts'
import { deleteNamespace } from './delete-namespace.ts'
import { deleteNamespaceJob } from './delete-namespace-job.ts'
import { findNamespace } from './find-namespace.ts'
import { ensureProject } from './projects/ensure-project.ts'

const TABLES = ['packages', 'releases', 'releaseFiles', 'tags', 'packageBlobs', 'projects'] as const
const RELEASES = 450

describe('the job that takes a namespace apart', () => {
  let t: TestApp
  let ann: Person

  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    await fill(t.app, 'kept', 3)
    await fill(t.app, 'doomed', RELEASES)
    await credential(t.app, { namespace: 'doomed', role: 'admin' })
  })
  after(() => t.close())

  const run = async (signal = new AbortController().signal, namespaceId = 0) => {
    const id = namespaceId || (await findNamespace(t.app.database.db, 'doomed'))?.id
    const context = { signal, extendLease: async () => {} }
    await deleteNamespaceJob.run(t.app, { namespaceId: id }, context)
  }
  const counts = async () => {
    const all: Record<string, number> = {}
    for (const table of TABLES) {
      const { count } = await t.app.database.db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      all[table] = Number(count)
    }
    return all
  }

  test('leaves one alone that is not ending', async () => {
    const before = await counts()
    await run()
    assert.deepEqual(await counts(), before)
    assert.equal(before.releases, RELEASES + 3)
  })

  test('may be stopped anywhere, goes on, and takes all of it and nothing else', async () => {
    await deleteNamespace(t.app, await ann.actor(), 'doomed')
    const stopped = AbortSignal.abort(new Error('stopping'))
    for (let stop = 0; stop < 4; stop++) await assert.rejects(run(stopped), /stopping/)
    const { releases = 0 } = await counts()
    assert.ok(releases > 3 && releases < RELEASES + 3, `${releases} releases`)
    const { id } = (await findNamespace(t.app.database.db, 'doomed')) ?? { id: 0 }
    assert.ok((await ann.actor()).roles.has(id))
    await run()
    await run(undefined, id)
    assert.equal(await findNamespace(t.app.database.db, 'doomed'), undefined)
    assert.equal((await ann.actor()).roles.has(id), false)
    assert.deepEqual(await counts(), {
      packages: 1,
      releases: 3,
      releaseFiles: 3,
      tags: 3,
      packageBlobs: 3,
      projects: 1,
    })
    const robots = await t.app.database.db
      .selectFrom('tokens')
      .select('id')
      .where('namespaceId', '=', id)
      .execute()
    assert.deepEqual(robots, [])
    const last = await t.app.database.db
      .selectFrom('audit')
      .select(['action', 'actor', 'subject'])
      .orderBy('id', 'desc')
      .executeTakeFirst()
    assert.deepEqual(last, {
      action: 'namespace.purge',
      actor: 'system:job',
      subject: 'namespace:doomed',
    })
  })
})

/** A namespace with one package of so many tagged releases, each with a blob of its own. */
async function fill(app: App, name: string, releases: number): Promise<void> {
  const { id: namespaceId } = await createNamespace(app, operator, { name, owner: 'ann' })
  await change(app, async (tx) => {
    const { id: projectId } = await ensureProject(app, tx, { namespaceId, name: 'oci' })
    const { id: packageId } = await tx
      .insertInto('packages')
      .values({
        ecosystem: 'oci',
        namespaceId,
        projectId,
        name: 'web',
        key: 'web',
        path: `${name}/web`,
        visibility: 'public',
        immutableTags: 0,
        contentType: '',
        labels: '{}',
        createdAt: 0,
        updatedAt: 0,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const base = { packageId, mediaType: 'a/b', size: 1 }
    for (let i = 0; i < releases; i++) {
      const digest = `sha256:${name}${i}`
      await tx
        .insertInto('blobs')
        .values({ digest, size: 1, locator: digest, createdAt: 0 })
        .execute()
      await tx
        .insertInto('packageBlobs')
        .values({ packageId, namespaceId, digest, linkedAt: 0 })
        .execute()
      const { id: releaseId } = await tx
        .insertInto('releases')
        .values({
          ...base,
          version: digest,
          digest,
          kind: '',
          subject: null,
          metadata: '{}',
          yankedAt: null,
          createdAt: 0,
          createdBy: 'user:ann',
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      await tx
        .insertInto('releaseFiles')
        .values({ ...base, releaseId, position: 0, role: 'manifest', digest })
        .execute()
      await tx
        .insertInto('tags')
        .values({ packageId, name: `t${i}`, releaseId, updatedAt: 0 })
        .execute()
    }
  })
}

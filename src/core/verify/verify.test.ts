import assert from 'node:assert/strict'
import { appendFile, open } from 'node:fs/promises'
import { sql } from 'kysely'
import type { App } from '#core/app.ts'
import {
  addPackage,
  newContent,
  publish,
  push,
  type TestPackage,
} from '#core/blobs/collect-fixture.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { startUpload } from '#core/uploads/start-upload.ts'
import { writeUpload } from '#core/uploads/write-upload.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import type { Problem, ProblemKind } from './problem.ts'
import { type VerifyProgress, verify } from './verify.ts'

/** A registry with a bit of everything, and what to damage in it. */
interface Scene {
  readonly app: App
  readonly web: TestPackage
  readonly api: TestPackage
  readonly layer: string
  readonly version: string
}

interface Damage {
  readonly what: string
  readonly plant: (scene: Scene) => Promise<unknown>
  readonly kinds: readonly ProblemKind[]
  /** What the first problem must speak of. */
  readonly about: (scene: Scene) => string
  readonly checkBytes?: boolean
}

const locatorOf = async ({ app, layer }: Scene) =>
  (
    await app.database.db
      .selectFrom('blobs')
      .select('locator')
      .where('digest', '=', layer)
      .executeTakeFirstOrThrow()
  ).locator

async function pathOf(scene: Scene): Promise<string> {
  const { path } = await scene.app.blobs.open(await locatorOf(scene))
  assert.ok(path)
  return path
}

async function flipByte(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, 500)
  byte.writeUInt8(byte.readUInt8() ^ 1)
  await file.write(byte, 0, 1, 500)
  await file.close()
}

/** Takes a table's constraints away: the database itself would refuse the damage. */
async function loosen(tx: Tx, table: 'release_files' | 'package_blobs'): Promise<void> {
  await sql`create table loose as select * from ${sql.table(table)}`.execute(tx)
  await sql`drop table ${sql.table(table)}`.execute(tx)
  await sql`alter table loose rename to ${sql.table(table)}`.execute(tx)
}

const layerOf = ({ layer }: Scene) => layer
const versionOf = ({ version }: Scene) => version

const DAMAGES: readonly Damage[] = [
  {
    what: 'a blob without bytes',
    plant: async (scene) => scene.app.blobs.delete(await locatorOf(scene)),
    kinds: ['blob_missing'],
    about: layerOf,
  },
  {
    what: 'a blob without bytes, when bytes are read',
    plant: async (scene) => scene.app.blobs.delete(await locatorOf(scene)),
    kinds: ['blob_missing'],
    about: layerOf,
    checkBytes: true,
  },
  {
    what: 'a blob with more bytes',
    plant: async (scene) => appendFile(await pathOf(scene), 'x'),
    kinds: ['blob_size'],
    about: layerOf,
  },
  {
    what: 'a blob with other bytes',
    plant: async (scene) => flipByte(await pathOf(scene)),
    kinds: ['blob_digest'],
    about: layerOf,
    checkBytes: true,
  },
  {
    what: 'a blob with other bytes goes unseen when bytes are not read',
    plant: async (scene) => flipByte(await pathOf(scene)),
    kinds: [],
    about: layerOf,
  },
  {
    what: 'a release without files',
    plant: ({ app }) => change(app, (tx) => tx.deleteFrom('releaseFiles').execute()),
    kinds: ['release_empty'],
    about: versionOf,
  },
  {
    what: 'a release without the file that it is',
    plant: ({ app, version }) =>
      change(app, (tx) => tx.deleteFrom('releaseFiles').where('digest', '=', version).execute()),
    kinds: ['release_digest'],
    about: versionOf,
  },
  {
    what: 'a file of another size than its blob',
    plant: ({ app, layer }) =>
      change(app, (tx) =>
        tx.updateTable('releaseFiles').set({ size: 7 }).where('digest', '=', layer).execute(),
      ),
    kinds: ['file_size'],
    about: () => 'file 1 of release',
  },
  {
    what: 'a file that the package does not have',
    plant: ({ app, layer }) =>
      change(app, async (tx) => {
        await loosen(tx, 'release_files')
        await tx.deleteFrom('packageBlobs').where('digest', '=', layer).execute()
        await tx
          .updateTable('namespaces')
          .set((e) => ({ usedBytes: e('usedBytes', '-', 1000) }))
          .where('name', '=', 'acme')
          .execute()
      }),
    kinds: ['file_link'],
    about: () => 'file 1 of release',
  },
  {
    what: 'a file without a blob',
    plant: ({ app, layer }) =>
      change(app, async (tx) => {
        await loosen(tx, 'release_files')
        await loosen(tx, 'package_blobs')
        await tx.deleteFrom('blobs').where('digest', '=', layer).execute()
      }),
    kinds: ['file_blob', 'used_bytes'],
    about: () => 'file 1 of release',
  },
  {
    what: 'a file that says it is of another package',
    plant: ({ app, api, layer }) =>
      change(app, async (tx) => {
        await loosen(tx, 'release_files')
        await tx
          .updateTable('releaseFiles')
          .set({ packageId: api.id })
          .where('digest', '=', layer)
          .execute()
      }),
    kinds: ['file_link'],
    about: () => 'file 1 of release',
  },
  {
    what: "a tag on another package's release",
    plant: ({ app, api }) =>
      change(app, (tx) => tx.updateTable('tags').set({ packageId: api.id }).execute()),
    kinds: ['tag_release'],
    about: ({ api }) => `tag latest of package ${api.id}`,
  },
  {
    what: 'a link that counts for another namespace',
    plant: ({ app, api, layer }) =>
      change(app, (tx) =>
        tx
          .updateTable('packageBlobs')
          .set({ namespaceId: api.namespaceId })
          .where('digest', '=', layer)
          .execute(),
      ),
    kinds: ['link_namespace'],
    about: layerOf,
  },
  {
    what: 'a namespace with wrong usage',
    plant: ({ app }) =>
      change(app, (tx) =>
        tx.updateTable('namespaces').set({ usedBytes: 1 }).where('name', '=', 'other').execute(),
      ),
    kinds: ['used_bytes'],
    about: () => 'namespace other',
  },
  {
    what: 'an upload whose parts are forgotten',
    plant: ({ app }) =>
      change(app, (tx) => tx.updateTable('uploads').set({ parts: '[]' }).execute()),
    kinds: ['upload_parts'],
    about: () => 'upload ',
  },
  {
    what: "an upload with another upload's part",
    plant: ({ app }) =>
      change(app, (tx) => tx.updateTable('uploads').set({ parts: '["x-1"]' }).execute()),
    kinds: ['upload_parts'],
    about: () => 'upload ',
  },
  {
    what: 'a package that search forgot',
    plant: ({ app }) => change(app, (tx) => tx.deleteFrom('searchDocuments').execute()),
    kinds: ['search_document'],
    about: ({ web }) => `package ${web.id}`,
  },
  {
    what: 'a package that search knows something old of',
    plant: ({ app }) =>
      change(app, (tx) => tx.updateTable('searchDocuments').set({ license: 'MIT' }).execute()),
    kinds: ['search_document'],
    about: ({ web }) => `package ${web.id}`,
  },
  {
    what: 'a package that search cannot find',
    plant: ({ app, web }) =>
      change(app, (tx) =>
        app.database.dialect.search.write(tx, [{ packageId: web.id, terms: ['lost'] }]),
      ),
    kinds: ['search_index'],
    about: ({ web }) => `package ${web.id}`,
  },
]

describe('verify', () => {
  let world: TestApp

  async function openScene(): Promise<Scene> {
    world = await openTestApp()
    world.clock.now = new Date()
    const { app } = world
    const web = await addPackage(app, 'acme', 'web')
    const api = await addPackage(app, 'other', 'api')
    const content = newContent(1000)
    const layer = await push(app, web, content)
    const version = await publish(app, web, [content], ['latest'])
    await push(app, api, newContent(10))
    const id = await startUpload(app, operator, web.ref)
    async function* body() {
      yield newContent(10)
    }
    await writeUpload(app, operator, { package: web.ref, id }, { body: body() })
    return { app, web, api, layer, version }
  }

  async function problemsOf(app: App, checkBytes: boolean): Promise<Problem[]> {
    const problems: Problem[] = []
    const onProblem = (problem: Problem) => problems.push(problem)
    const verified = await verify(app, { checkBytes, onProblem })
    assert.equal(verified.problems, problems.length)
    return problems
  }

  for (const { what, plant, kinds, about, checkBytes = false } of DAMAGES) {
    test(`damage: ${what}`, async () => {
      const scene = await openScene()
      try {
        assert.deepEqual(await problemsOf(scene.app, true), [], 'sound before')
        await plant(scene)
        const problems = await problemsOf(scene.app, checkBytes)
        assert.deepEqual(
          problems.map((problem) => problem.kind),
          kinds,
        )
        const [first] = problems
        if (first) assert.ok(first.subject.includes(about(scene)), first.subject)
      } finally {
        await world.close()
      }
    })
  }

  describe('a sound registry', () => {
    let scene: Scene
    before(async () => {
      scene = await openScene()
    })
    after(() => world.close())

    test('is counted, with progress to the end', async () => {
      const seen: VerifyProgress[] = []
      const verified = await verify(scene.app, {
        checkBytes: false,
        onProblem: (problem) => assert.fail(JSON.stringify(problem)),
        onProgress: (progress) => seen.push(progress),
      })
      assert.deepEqual(verified, {
        checked: {
          blobs: 3,
          releases: 1,
          releaseFiles: 2,
          tags: 1,
          packageBlobs: 3,
          namespaces: 2,
          uploads: 1,
          logEntries: 1,
          indexFiles: 0,
          packages: 2,
        },
        problems: 0,
        orphans: 0,
      })
      assert.deepEqual(
        seen.map(({ done }) => done),
        [3, 4, 6, 7, 10, 12, 13, 15, 16],
      )
      assert.ok(seen.every(({ total }) => total === 16))
    })

    test('files without a row are told, and are no problem', async () => {
      const content = newContent()
      const { locator } = await scene.app.blobs.put(digestOf(content), content)
      world.clock.advance(scene.app.settings.gcGraceSeconds + 60)
      const orphans: string[] = []
      const verified = await verify(scene.app, {
        checkBytes: true,
        onProblem: (problem) => assert.fail(JSON.stringify(problem)),
        onOrphan: (orphan) => orphans.push(orphan),
      })
      assert.deepEqual(orphans, [locator])
      assert.equal(verified.orphans, 1)
    })

    test('tables longer than a page are checked to their end', async () => {
      const { app, web } = scene
      await change(app, async (tx) => {
        const { id } = await tx.selectFrom('releases').select('id').executeTakeFirstOrThrow()
        for (let n = 0; n < 1100; n++) {
          const name = `tag-${String(n).padStart(5, '0')}`
          await tx
            .insertInto('tags')
            .values({ packageId: web.id, name, releaseId: id, updatedAt: 0 })
            .execute()
        }
        await tx
          .updateTable('tags')
          .set({ packageId: scene.api.id })
          .where('name', '=', 'tag-01099')
          .execute()
      })
      const problems: Problem[] = []
      const { checked } = await verify(app, {
        checkBytes: false,
        onProblem: (problem) => problems.push(problem),
      })
      assert.equal(checked.tags, 1101)
      assert.deepEqual(
        problems.map((problem) => problem.kind),
        ['tag_release'],
      )
    })
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deleteNamespace } from '#core/namespaces/delete-namespace.ts'
import { deleteNamespaceJob } from '#core/namespaces/delete-namespace-job.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { deleteRelease } from '#core/releases/delete-release.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { failsWith, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { indexPackage } from './index-package.ts'
import { rebuildSearch } from './rebuild-search.ts'
import { pathsOf, publishSample, refOf, type Sample, toy } from './search-fixture.ts'
import { searchPackages } from './search-packages.ts'

const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }

const json = (description: string, ...keywords: string[]) => ({ description, keywords })

const SAMPLES: readonly Sample[] = [
  { namespace: 'acme', name: 'json', metadata: json('A parser') },
  { namespace: 'acme', name: 'fast-json', metadata: json('Quick') },
  { namespace: 'acme', name: 'json-schema-validator', metadata: json('Checks documents') },
  { namespace: 'acme', name: 'jsonnet', metadata: json('Templates') },
  { namespace: 'acme', name: 'yaml', metadata: json('Like its cousin', 'json', 'config') },
  { namespace: 'acme', name: 'reader', metadata: json('Reads json and more') },
  { namespace: 'acme', name: 'my_bigjsontool', metadata: json('') },
  { namespace: 'zoo', name: 'left-pad', metadata: json('Pads strings') },
  { namespace: 'zoo', name: 'postgres-driver', metadata: json('Talks to a database', 'sql') },
  {
    namespace: 'zoo',
    name: 'react',
    metadata: { ...json('Renders'), license: 'MIT OR Apache-2.0' },
  },
  { namespace: 'zoo', name: 'preact', metadata: { ...json('Renders less'), license: 'MIT' } },
  { namespace: 'zoo', name: 'grün', metadata: json('Ünïcödé 日本語') },
  {
    ecosystem: 'oci',
    namespace: 'zoo',
    name: 'web',
    metadata: {
      annotations: {
        'org.opencontainers.image.description': 'Serves pages\u0000of react',
        'org.opencontainers.image.licenses': 'GPL-3.0-only',
      },
    },
  },
]

async function open(): Promise<{ t: TestApp; app: App }> {
  const t = await openTestApp()
  const app = { ...t.app, ecosystems: [...t.app.ecosystems, toy] }
  await person(app, 'ann')
  for (const name of ['acme', 'zoo']) {
    await createNamespace(app, operator, { name, owner: 'ann' })
  }
  return { t, app }
}

describe('search', () => {
  let t: TestApp
  let app: App
  const names = (q: string, more = {}) => pathsOf(app, nobody, { q, ...more })

  before(async () => {
    const opened = await open()
    t = opened.t
    app = opened.app
    for (const sample of SAMPLES) await publishSample(app, sample)
  })
  after(() => t.close())

  test('ranks names before keywords before descriptions', async () => {
    assert.deepEqual(await names('json'), [
      'acme/json',
      'acme/json-schema-validator',
      'acme/jsonnet',
      'acme/fast-json',
      'acme/yaml',
      'acme/my_bigjsontool',
      'acme/reader',
    ])
  })

  const RANKING: ReadonlyArray<readonly [q: string, first: string | undefined]> = [
    ['acme/json', 'acme/json'],
    ['@acme/json', 'acme/json'],
    ['left pad', 'zoo/left-pad'],
    ['leftpad', 'zoo/left-pad'],
    ['LEFT_PAD', 'zoo/left-pad'],
    ['pad left', 'zoo/left-pad'],
    ['lef', 'zoo/left-pad'],
    ['postg', 'zoo/postgres-driver'],
    ['drive postg', 'zoo/postgres-driver'],
    ['json val', 'acme/json-schema-validator'],
    ['bigjson', 'acme/my_bigjsontool'],
    ['sontoo', 'acme/my_bigjsontool'],
    ['psotgres', 'zoo/postgres-driver'],
    ['postgers driver', 'zoo/postgres-driver'],
    ['postgrez', 'zoo/postgres-driver'],
    ['posgres', 'zoo/postgres-driver'],
    ['posttgres', 'zoo/postgres-driver'],
    ['raect', 'zoo/react'],
    ['reatc', 'zoo/react'],
    ['jsno', 'acme/json'],
    ['database', 'zoo/postgres-driver'],
    ['sql', 'zoo/postgres-driver'],
    ['GRÜN', 'zoo/grün'],
    ['grun', 'zoo/grün'],
    ['unicode', 'zoo/grün'],
    ['日本', 'zoo/grün'],
    ['serves pages', 'zoo/web'],
    ['json postgres', undefined],
    ['zzzz', undefined],
  ]
  for (const [q, first] of RANKING) {
    test(`finds ${first ?? 'nothing'} for ${q}`, async () => {
      assert.equal((await names(q))[0], first)
    })
  }

  test('filters', async () => {
    assert.deepEqual(await names('react', { ecosystem: 'oci' }), ['zoo/web'])
    assert.deepEqual(await names('json', { namespace: 'ZOO' }), [])
    assert.deepEqual(await names('', { keyword: 'JSON' }), ['acme/yaml'])
    assert.deepEqual(await names('', { license: 'apache-2.0' }), ['zoo/react'])
    assert.deepEqual(await names('', { license: 'MIT' }), ['zoo/react', 'zoo/preact'])
    assert.deepEqual(await names('', { license: 'MIT OR Apache-2.0' }), ['zoo/react'])
    assert.deepEqual(await names('react', { license: 'GPL-3.0-only' }), ['zoo/web'])
    assert.deepEqual(await names('', { namespace: 'zoo', ecosystem: 'oci' }), ['zoo/web'])
    const bad = [
      [{ ecosystem: 'nope' }, 'not_found'],
      [{ namespace: 'nope' }, 'namespace_unknown'],
      [{ keyword: '' }, 'invalid_request'],
      [{ after: 'x' }, 'invalid_request'],
      [{ limit: 0 }, 'invalid_request'],
    ] as const
    for (const [filter, code] of bad) await assert.rejects(names('json', filter), failsWith(code))
  })

  test('finds what was updated since', async () => {
    const then = app.clock().getTime()
    t.clock.advance(40 * 86_400)
    await publishSample(app, { namespace: 'acme', name: 'jsonnet', version: '2.0.0' })
    const at = app.clock().getTime()
    for (const since of [at, at - 1, at - 86_400_000, then + 1]) {
      assert.deepEqual(await names('json', { updatedSince: since }), ['acme/jsonnet'])
    }
    for (const since of [then, then - 1, then - 90 * 86_400_000, 0]) {
      assert.equal((await names('json', { updatedSince: since })).length, 7, String(since))
    }
    assert.deepEqual(await names('json', { updatedSince: at + 1 }), [])
    assert.deepEqual(await names('json', { updatedSince: at + 9e9 }), [])
  })

  test('says what there is to say', async () => {
    const { items, total, next } = await searchPackages(app, nobody, { q: 'preact' })
    assert.deepEqual([total, next], [2, undefined])
    assert.deepEqual(items[0], {
      ecosystem: 'toy',
      path: 'zoo/preact',
      namespace: 'zoo',
      name: 'preact',
      version: '1.0.0',
      description: 'Renders less',
      keywords: [],
      license: 'MIT',
      visibility: 'public',
      deprecation: null,
      updatedAt: Date.parse('2026-01-01T00:00:00Z'),
    })
  })

  test('takes whatever is typed for words', async () => {
    const hostile = [
      `"`,
      `'`,
      `json"`,
      `json*`,
      `json AND`,
      `NOT json`,
      `NEAR(json, 2)`,
      `terms:json`,
      `^json`,
      `json:*`,
      `json & !yaml | (`,
      `') or 1=1 --`,
      `\\`,
      `\0`,
      `json\0json`,
      `%`,
      `_`,
      `🎉`,
      `json 🎉`,
      `\ud800`,
      `\u{10ffff}`,
      `${'a'.repeat(256)}`,
      `${'ab '.repeat(85)}`,
      'ﷺ'.repeat(60),
      'e\u0301'.repeat(100),
    ]
    for (const q of hostile) await searchPackages(app, nobody, { q })
    assert.equal((await names(`"json"`))[0], 'acme/json')
    assert.equal((await names(`json\0`))[0], 'acme/json')
    assert.deepEqual(await names('🎉'), [])
    assert.deepEqual(await names(`"`), [])
    await assert.rejects(names('a'.repeat(257)), failsWith('invalid_request'))
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (q) => {
        const page = await searchPackages(app, nobody, { q, keyword: q.slice(0, 20) || 'x' })
        assert.ok(page.total <= SAMPLES.length)
      }),
      { numRuns: 60 },
    )
  })

  test('pages stay in place while others publish', async () => {
    const all = await names('json')
    const seen: string[] = []
    let after: string | undefined
    for (let n = 0; ; n++) {
      const page = await searchPackages(app, nobody, {
        q: 'json',
        limit: 2,
        ...(after && { after }),
      })
      seen.push(...page.items.map(({ path }) => path))
      after = page.next
      if (after === undefined) break
      for (const name of [`json${n}`, `a-json-${n}`]) {
        await publishSample(app, { namespace: 'zoo', name })
      }
    }
    assert.deepEqual(
      seen.filter((path) => all.includes(path)),
      all,
    )
    assert.equal(new Set(seen).size, seen.length)
  })

  test('forgets what is gone, yanked or hidden, and learns what is new', async () => {
    const sample = { namespace: 'zoo', name: 'ephemeral', metadata: json('first') }
    const find = () => names('ephemeral')
    await publishSample(app, sample)
    assert.deepEqual(await find(), ['zoo/ephemeral'])
    await publishSample(app, { ...sample, version: '2.0.0', metadata: json('second wonder') })
    assert.deepEqual(await names('wonder'), ['zoo/ephemeral'])
    await deleteRelease(app, operator, refOf(sample), '2.0.0')
    assert.deepEqual(await names('wonder'), [])
    const yank = (yankedAt: number | null) =>
      change(app, async (tx) => {
        const { id } = await tx
          .selectFrom('packages')
          .select('id')
          .where('path', '=', 'zoo/ephemeral')
          .executeTakeFirstOrThrow()
        await tx.updateTable('releases').set({ yankedAt }).where('packageId', '=', id).execute()
        await indexPackage(app, tx, id)
      })
    await yank(1)
    assert.deepEqual(await find(), [])
    await yank(null)
    assert.deepEqual(await find(), ['zoo/ephemeral'])
    await updatePackage(app, operator, refOf(sample), { visibility: 'private' })
    assert.deepEqual(await find(), [])
    assert.deepEqual(await pathsOf(app, operator, { q: 'ephemeral' }), ['zoo/ephemeral'])
    await updatePackage(app, operator, refOf(sample), { visibility: 'public' })
    assert.deepEqual(await find(), ['zoo/ephemeral'])
    await deletePackage(app, operator, refOf(sample))
    assert.deepEqual(await find(), [])
    await createNamespace(app, operator, { name: 'doomed', owner: 'ann' })
    await publishSample(app, { namespace: 'doomed', name: 'ephemeral' })
    assert.deepEqual(await find(), ['doomed/ephemeral'])
    await deleteNamespace(app, operator, 'doomed')
    assert.deepEqual(await find(), [])
    const { id } = await app.database.db
      .selectFrom('namespaces')
      .select('id')
      .where('key', '=', 'doomed')
      .executeTakeFirstOrThrow()
    const context = { signal: new AbortController().signal, extendLease: async () => {} }
    await deleteNamespaceJob.run(app, { namespaceId: id }, context)
    const { search } = app.database.dialect
    const left = await app.database.db
      .selectFrom('searchDocuments')
      .select('packageId')
      .where('packageId', 'in', sql<number>`(${search.idsMatching({ term: 'nephemeral' }, 9)})`)
      .execute()
    assert.deepEqual(left, [])
  })

  test('is the same after a rebuild', async () => {
    const rows = () =>
      app.database.db.selectFrom('searchDocuments').selectAll().orderBy('packageId').execute()
    const before = await rows()
    const found = await names('json')
    const all = await app.database.db.selectFrom('packages').select('id').execute()
    assert.equal(await rebuildSearch(app), all.length)
    assert.deepEqual(await rows(), before)
    assert.deepEqual(await names('json'), found)
  })
})

describe('what search shows', () => {
  test('is what the asker may read, whoever asks', async () => {
    const { t, app } = await open()
    const wanted = [0, 1, 2, 3, 4, 5].flatMap((n): Sample[] =>
      ['acme', 'zoo'].map((namespace) => ({
        namespace,
        name: `thing-${n}`,
        visibility: n % 2 === 0 ? 'private' : 'public',
      })),
    )
    for (const sample of wanted) await publishSample(app, sample)
    const packages = await app.database.db
      .selectFrom('packages')
      .select(['id', 'namespaceId', 'path', 'visibility'])
      .execute()
    const namespaceIds = [...new Set(packages.map(({ namespaceId }) => namespaceId))]
    const packageIds = packages.map(({ id }) => id)
    const role = fc.constantFrom('reader' as const, 'publisher' as const, 'admin' as const)
    const roles = (ids: number[]) =>
      fc.array(fc.tuple(fc.constantFrom(...ids), role)).map((entries) => new Map(entries))
    const ids = (from: number[]) =>
      fc.option(fc.uniqueArray(fc.constantFrom(...from)).map((list) => new Set(list)))
    const actors = fc.record({
      isOperator: fc.boolean(),
      scopes: fc.constantFrom(['read'], ['publish'], ['admin', 'publish', 'read']),
      roles: roles(namespaceIds),
      packageRoles: roles(packageIds),
      onlyNamespaces: ids(namespaceIds),
      onlyPackages: ids(packageIds),
    })
    try {
      await fc.assert(
        fc.asyncProperty(actors, async ({ onlyNamespaces, onlyPackages, scopes, ...rest }) => {
          const actor = {
            ...nobody,
            ...rest,
            kind: 'user',
            scopes: new Set(scopes),
            ...(onlyNamespaces && { onlyNamespaces }),
            ...(onlyPackages && { onlyPackages }),
          } as Actor
          const may = packages
            .filter(({ id, namespaceId, visibility }) =>
              can(actor, 'read', { namespaceId, package: { id, visibility } }),
            )
            .map(({ path }) => path)
          for (const q of ['thing', 'thign', '']) {
            assert.deepEqual((await pathsOf(app, actor, { q })).sort(), may.sort())
          }
        }),
        { numRuns: 80 },
      )
    } finally {
      await t.close()
    }
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { acceptTransfer } from '#core/packages/transfer/accept-transfer.ts'
import { cancelTransfer } from '#core/packages/transfer/end-transfer.ts'
import { offerTransfer } from '#core/packages/transfer/offer-transfer.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { searchPackages } from '#core/search/search-packages.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, failsWith } from '#test/actors.ts'
import { operator } from '#test/app.ts'
import {
  type GrenDraft,
  makeBundle,
  makeOutline,
  moduleSource,
  packBundle,
  REAL_AUTHORS,
  REAL_SHAPES,
  rangeFrom,
} from '#test/gren-packages.ts'
import { type GrenAnswer, type GrenWorld, openGrenWorld } from '#test/gren-world.ts'
import { packageRef } from './name.ts'

const problemsOf = ({ body }: GrenAnswer) =>
  (body as { problems: Array<{ path: string; problem: string }> }).problems.map(
    ({ path, problem }) => `${path} ${problem}`,
  )
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const NO_TEXTS = [
  { path: 'readme', problem: 'is not there: gren package validate asks for one' },
  { path: 'license', problem: 'is not there: gren package validate asks for one' },
]

describe('gren publish', () => {
  let w: GrenWorld
  const base: GrenDraft = { name: 'acme/base', version: '1.0.0', summary: 'What all build upon' }
  before(async () => {
    w = await openGrenWorld()
    const made = await w.publish(base)
    assert.equal(made.status, 201, JSON.stringify(made.body))
  })
  after(() => w.t.close())

  test('a release is its bundle; the answer tells its checksum and what to mend', async () => {
    const draft = {
      name: 'acme/answer',
      version: '1.0.0',
      dependencies: { 'acme/base': rangeFrom('1.0.0') },
    }
    const { status, body } = await w.publish(draft, w.pat)
    assert.deepEqual(
      [status, body],
      [
        201,
        {
          name: 'acme/answer',
          version: '1.0.0',
          sha256: sha256(makeBundle(draft)),
          warnings: NO_TEXTS,
        },
      ],
    )
    const { db } = w.t.app.database
    const release = await db
      .selectFrom('releases')
      .innerJoin('packages', 'packages.id', 'releases.packageId')
      .select(['releases.id', 'releases.digest', 'releases.mediaType', 'releases.metadata'])
      .select(['packages.foldedPath', 'packages.visibility'])
      .where('packages.path', '=', 'acme/answer')
      .executeTakeFirstOrThrow()
    assert.deepEqual(
      { ...release, id: 0, metadata: JSON.parse(release.metadata) },
      {
        id: 0,
        digest: `sha256:${sha256(makeBundle(draft))}`,
        mediaType: 'application/gzip',
        foldedPath: 'acme_answer',
        visibility: 'public',
        metadata: {
          description: 'The acme/answer package',
          license: 'BSD-3-Clause',
          platform: 'common',
          outline: makeOutline(draft),
        },
      },
    )
    const needed = await db
      .selectFrom('releaseDependencies')
      .select(['ecosystem', 'path', 'requirement'])
      .where('releaseId', '=', release.id)
      .execute()
    assert.deepEqual(needed, [
      { ecosystem: 'gren', path: 'acme/base', requirement: '1.0.0 <= v < 2.0.0' },
    ])
    const audit = await db
      .selectFrom('audit')
      .select(['actor', 'detail'])
      .where('action', '=', 'release.publish')
      .where('subject', '=', 'package:gren:acme/answer')
      .executeTakeFirstOrThrow()
    assert.equal(audit.actor, 'user:pat')
    const logged = await db
      .selectFrom('logEntries')
      .select(['event', 'version', 'digest'])
      .where('name', '=', 'acme/answer')
      .execute()
    assert.deepEqual(logged, [{ event: 'publish', version: '1.0.0', digest: release.digest }])
  })

  test('search shows the summary', async () => {
    const { items } = await searchPackages(w.t.app, operator, {
      q: 'build upon',
      ecosystem: 'gren',
    })
    assert.deepEqual(
      items.map(({ path, description, license }) => ({ path, description, license })),
      [{ path: 'acme/base', description: 'What all build upon', license: 'BSD-3-Clause' }],
    )
  })

  test('a form brings the texts; the bundle may have them too, and the form counts more', async () => {
    const readme = `# Read\n${'x'.repeat(300)}`
    const draft: GrenDraft = {
      name: 'acme/form',
      version: '1.0.0',
      extras: { readme: 'from the bundle', changelog: '# 1.0.0', docs: [{ name: 'Main' }] },
    }
    const form = new FormData()
    form.set('bundle', new Blob([makeBundle(draft) as Uint8Array<ArrayBuffer>]), 'x.pkg.gz')
    form.set('readme', new Blob([readme]))
    form.set('license', 'MIT')
    form.set('comment', 'ignored')
    const { status, body } = await w.gren('POST', '/package', { as: w.ann, body: form })
    assert.deepEqual(
      [status, body],
      [
        201,
        { name: 'acme/form', version: '1.0.0', sha256: sha256(makeBundle(draft)), warnings: [] },
      ],
    )
    const texts: Array<[string, string, string]> = [
      ['readme', 'text/markdown; charset=utf-8', readme],
      ['license', 'text/plain; charset=utf-8', 'MIT'],
      ['changelog', 'text/markdown; charset=utf-8', '# 1.0.0'],
      ['docs', 'application/json', '[{"name":"Main"}]'],
    ]
    for (const [role, type, text] of texts) {
      const got = await w.gren('GET', `/package/acme/form/1.0.0/${role}`)
      assert.deepEqual(
        [got.headers.get('content-type'), new TextDecoder().decode(got.bytes)],
        [type, text],
      )
    }
    const none = await w.gren('GET', '/package/acme/base/1.0.0/readme')
    assert.deepEqual([none.status, none.body], [404, { message: 'acme/base 1.0.0 has no readme' }])
  })

  test('forms that are none', async () => {
    const send = (body: FormData | string, as = w.ann) => w.gren('POST', '/package', { as, body })
    const empty = await send(new FormData())
    assert.deepEqual(
      [empty.status, empty.body],
      [400, { message: 'the form has no part called bundle' }],
    )
    assert.equal((await send('x')).status, 415)
    const nobody = await w.gren('POST', '/package', { body: new FormData() })
    assert.deepEqual(
      [nobody.status, nobody.body],
      [401, { message: 'to publish needs a credential' }],
    )
    const twice = new FormData()
    for (const name of ['a', 'b']) {
      twice.append(
        'bundle',
        new Blob([
          makeBundle({ name: `acme/${name}`, version: '1.0.0' }) as Uint8Array<ArrayBuffer>,
        ]),
      )
    }
    assert.deepEqual((await send(twice)).body, { message: 'one bundle at a time' })
    const long = new FormData()
    long.set('readme', 'x'.repeat(1024 * 1024 + 1))
    assert.deepEqual((await send(long)).body, { message: 'readme may have at most 1048576 bytes' })
    const unnamed = new FormData()
    unnamed.set(
      'bundle',
      new Blob([packBundle({ outline: {}, sources: {} }) as Uint8Array<ArrayBuffer>]),
    )
    assert.equal((await send(unnamed)).status, 422)
  })

  test('all problems at once', async () => {
    const before = await w.traces()
    const draft: GrenDraft = {
      name: 'acme/broken',
      version: '1.0.0',
      exposed: ['Missing', 'missing', 'Missing'],
      dependencies: {
        'acme/none': rangeFrom('1.0.0'),
        'acme/base': '2.0.0 <= v < 3.0.0',
        'acme/local': 'local:../x',
        'acme/range': '1.0.0',
        'Acme/': '1.0.0',
        'acme/broken': rangeFrom('1.0.0'),
      },
      sources: {
        Missing: undefined,
        'Gren.Kernel.Evil': 'x',
        'Gren.Kernel.Evil.Deep': moduleSource('Gren.Kernel.Evil.Deep'),
        A: moduleSource('B'),
        B: 'x = 1',
        b: moduleSource('B'),
        Text: '\0',
      },
      outline: {
        platform: 'server',
        summary: 'helpful summary of your project, less than 80 characters',
        license: 'GPL-3.0-only',
        'gren-version': '0.6.5',
        private: 'yes',
        homepage: 'x',
      },
      extras: { readme: 7, docs: 'no JSON' },
    }
    const { status, body } = await w.publish(draft)
    assert.equal(status, 422)
    const problems = problemsOf({ body } as GrenAnswer)
    assert.deepEqual(problems.sort(), [
      'docs is not the JSON list that the compiler writes',
      'outline.dependencies.Acme/ is not the author/project of a package',
      'outline.dependencies.acme/base no version is in 2.0.0 <= v < 3.0.0: the newest is 1.0.0',
      'outline.dependencies.acme/broken is this package itself',
      'outline.dependencies.acme/local is on your disk only: a published package needs a range of versions',
      'outline.dependencies.acme/none is not in this registry',
      'outline.dependencies.acme/range is not a range such as 1.0.0 <= v < 2.0.0',
      'outline.exposed-modules "missing" is not the name of a module',
      'outline.exposed-modules Missing is not among the sources',
      'outline.exposed-modules Missing is there twice',
      'outline.gren-version is not a range such as 1.0.0 <= v < 2.0.0',
      'outline.license is none of the licence ids that Gren knows: Gren writes GPL-3.0',
      'outline.platform is none of common, browser, node',
      'outline.private is neither true nor false',
      'outline.summary is still the text of the template: say what the package is for',
      'readme is not text',
      'sources.A calls itself B',
      'sources.B does not begin with module B exposing',
      'sources.Gren.Kernel.Evil is kernel code, which only gren-lang publishes',
      'sources.Gren.Kernel.Evil.Deep is not the name of a module',
      'sources.Text is not proper text',
      'sources.b is called like B',
      'sources.b is not the name of a module',
      'sources.missing is not the name of a module',
    ])
    const { message } = body as { message: string }
    assert.match(message, /\(and 23 more\)$/)
    assert.deepEqual(await w.traces(), before)
  })

  test('an outline is of a package, and says what its path says', async () => {
    const refused = async (outline: Record<string, unknown>) =>
      problemsOf(await w.publish({ name: 'acme/odd', version: '1.0.0', outline }))
    assert.deepEqual(await refused({ type: 'application' }), [
      'outline.type only a "package" can be published',
    ])
    assert.deepEqual(await refused({ name: 'acme/other' }), [
      'outline.name is acme/other, published as acme/odd',
    ])
    assert.deepEqual(await refused({ version: '1.0.1' }), [
      'outline.version is 1.0.1, published as 1.0.0',
      'outline.version is 1.0.1; the first version of a package is 1.0.0',
    ])
    assert.deepEqual(await refused({ 'exposed-modules': {} }), [
      'outline.exposed-modules names no module: at least one is needed',
    ])
    assert.deepEqual(await refused({ 'exposed-modules': 'Main' }), [
      'outline.exposed-modules is neither a list of modules nor headings with one each',
    ])
    assert.deepEqual(await refused({ summary: 'x'.repeat(80) }), [
      'outline.summary has 80 characters or more',
    ])
    assert.deepEqual(await refused({ dependencies: [] }), [
      'outline.dependencies is not an object of ranges',
    ])
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, at) => [`acme/p${at}`, '1']))
    assert.deepEqual(await refused({ dependencies: many }), [
      'outline.dependencies has more than 500 packages',
    ])
  })

  test('the next versions are those that can be reached', async () => {
    const publish = (version: string) => w.publish({ name: 'acme/steps', version })
    assert.deepEqual(problemsOf(await publish('0.1.0')), [
      'outline.version is 0.1.0; the first version of a package is 1.0.0',
    ])
    for (const version of ['1.0.0', '1.1.0', '1.0.1', '2.0.0']) {
      assert.equal((await publish(version)).status, 201, version)
    }
    for (const version of ['4.0.0', '2.2.0', '1.0.3', '1.3.0']) {
      assert.deepEqual(problemsOf(await publish(version)), [
        `outline.version is ${version}; after what is published may come: 1.0.2, 1.1.1, 1.2.0, 2.0.1, 2.1.0, 3.0.0`,
      ])
    }
    const again = await publish('1.0.0')
    assert.deepEqual(
      [again.status, again.body],
      [409, { message: 'acme/steps 1.0.0 exists already' }],
    )
    assert.equal((await w.gren('DELETE', '/package/acme/steps/2.0.0', { as: w.ann })).status, 200)
    const revoked = await publish('2.0.0')
    const message = 'acme/steps 2.0.0 was removed for good, and never comes again'
    assert.deepEqual([revoked.status, revoked.body], [409, { message }])
    assert.equal((await publish('2.0.1')).status, 201)
  })

  test('who may publish', async () => {
    const draft = { name: 'acme/rights', version: '1.0.0' }
    const before = await w.traces()
    const cases: Array<[Awaited<typeof w.ann> | undefined, number]> = [
      [undefined, 401],
      [w.rae, 403],
      [w.sam, 403],
      [await credential(w.t.app, { user: 'ann' }, { scopes: ['read'] }), 403],
    ]
    for (const [as, status] of cases) {
      const path = '/package/acme/rights/1.0.0'
      const answer = await w.gren('PUT', path, { ...(as && { as }), body: makeBundle(draft) })
      assert.equal(answer.status, status, JSON.stringify(answer.body))
      const form = new FormData()
      form.set('bundle', new Blob([makeBundle(draft) as Uint8Array<ArrayBuffer>]))
      const formed = await w.gren('POST', '/package', { ...(as && { as }), body: form })
      assert.equal(formed.status, status)
    }
    const nobodys = await w.publish({ name: 'nobody/x', version: '1.0.0' })
    const message =
      'there is no publishing identity nobody; ' +
      'create it with POST /publishing-identity, or: entrepot gren identity create nobody'
    assert.deepEqual([nobodys.status, nobodys.body], [403, { message }])
    assert.equal((await w.publish({ name: 'acme/Bad', version: '1.0.0' })).status, 400)
    const noVersion = await w.gren('PUT', '/package/acme/rights/v1', { as: w.ann, body: 'x' })
    assert.equal(noVersion.status, 404)
    assert.deepEqual(await w.traces(), before)
  })

  test('names that look alike on disk are one name', async () => {
    await createNamespace(w.t.app, operator, { name: 'acme-base', owner: 'ann' })
    assert.equal((await w.publish({ name: 'acme-base/c', version: '1.0.0' })).status, 201)
    const before = await w.traces()
    const alike = await w.publish({ name: 'acme/base-c', version: '1.0.0' })
    const message = 'the name acme/base-c collides with that of another package'
    assert.deepEqual([alike.status, alike.body], [409, { message }])
    assert.deepEqual(await w.traces(), before)
  })

  test('nor does a package move to such a name', async () => {
    assert.equal((await w.publish({ name: 'samco/base-d', version: '1.0.0' }, w.sam)).status, 201)
    assert.equal((await w.publish({ name: 'acme-base/d', version: '1.0.0' })).status, 201)
    const move = async (to: string) => {
      const ref = packageRef('samco/base-d')
      const { id } = await offerTransfer(w.t.app, await w.sam.actor(), ref, { to })
      const done = acceptTransfer(w.t.app, await w.ann.actor(), { id })
      return await done.catch(async (error: unknown) => {
        await cancelTransfer(w.t.app, await w.sam.actor(), id)
        throw error
      })
    }
    await assert.rejects(move('acme'), failsWith('name_taken'))
    await move('gren-lang')
    const moved = await w.gren('GET', '/package/gren-lang/base-d/latest')
    assert.deepEqual(moved.body, { name: 'gren-lang/base-d', version: '1.0.0' })
    const { foldedPath } = await w.t.app.database.db
      .selectFrom('packages')
      .select('foldedPath')
      .where('path', '=', 'gren-lang/base-d')
      .executeTakeFirstOrThrow()
    assert.equal(foldedPath, 'gren_lang_base_d')
  })

  test('numbers that were revoked stay taken when the package is deleted and comes again', async () => {
    const draft = { name: 'acme/again', version: '1.0.0' }
    assert.equal((await w.publish(draft)).status, 201)
    assert.equal((await w.gren('DELETE', '/package/acme/again', { as: w.ann })).status, 200)
    await deletePackage(w.t.app, operator, packageRef('acme/again'))
    assert.equal((await w.publish(draft)).status, 409)
    assert.equal((await w.publish({ ...draft, version: '1.0.1' })).status, 201)
    const { status } = await w.gren('GET', '/package/acme/again/1.0.0/bundle')
    assert.equal(status, 410)
  })

  test('an author is spelled one way', async () => {
    await createNamespace(w.t.app, operator, { name: 'MixedCase', owner: 'ann' })
    assert.equal((await w.publish({ name: 'MixedCase/yaml', version: '1.0.0' })).status, 201)
    const other = await w.publish({ name: 'mixedcase/yaml', version: '1.0.1' })
    assert.deepEqual(problemsOf(other), ['outline.name was spelled MixedCase/yaml until now'])
    assert.equal((await w.publish({ name: 'MixedCase/yaml', version: '1.0.1' })).status, 201)
    const user = (name: string) =>
      w.publish({
        name: 'acme/user',
        version: '1.0.0',
        dependencies: { [name]: rangeFrom('1.0.0') },
      })
    assert.deepEqual(problemsOf(await user('mixedCase/yaml')), [
      'outline.dependencies.mixedCase/yaml is spelled MixedCase/yaml',
    ])
    assert.equal((await user('MixedCase/yaml')).status, 201)
    const latest = await w.gren('GET', '/package/mixedcase/yaml/latest')
    assert.deepEqual(latest.body, { name: 'MixedCase/yaml', version: '1.0.1' })
  })

  test('what a package needs fits its platform', async () => {
    const only = { name: 'acme/browser-only', version: '1.0.0', platform: 'browser' } as const
    assert.equal((await w.publish(only)).status, 201)
    const needs = (platform: 'common' | 'browser' | 'node', name: string) => {
      const dependencies = {
        'acme/browser-only': rangeFrom('1.0.0'),
        'acme/base': '1.0.0<=v<1.0.1',
      }
      return w.publish({ name, version: '1.0.0', platform, dependencies })
    }
    for (const platform of ['common', 'node'] as const) {
      assert.deepEqual(problemsOf(await needs(platform, 'acme/fit')), [
        `outline.dependencies.acme/browser-only is for browser, and this package is for ${platform}`,
      ])
    }
    assert.equal((await needs('browser', 'acme/fit')).status, 201)
  })

  test('a range whose lowest version is not here, is yanked or was revoked', async () => {
    const lib = (version: string) => w.publish({ name: 'acme/lib', version })
    for (const version of ['1.0.0', '1.1.0', '2.0.0'])
      assert.equal((await lib(version)).status, 201)
    const warnings = async (name: string, range: string) => {
      const dependencies = { 'acme/lib': range }
      const { status, body } = await w.publish({ name, version: '1.0.0', dependencies })
      assert.equal(status, 201, JSON.stringify(body))
      const all = (body as { warnings: Array<{ path: string; problem: string }> }).warnings
      return all.filter(({ path }) => path.startsWith('outline')).map(({ problem }) => problem)
    }
    assert.deepEqual(await warnings('acme/w1', '1.0.0 <= v < 2.0.0'), [])
    const lowest = 'the client takes the lowest version of a range, 1.0.1: it is not here'
    assert.deepEqual(await warnings('acme/w2', '1.0.1 <= v < 2.0.0'), [lowest])
    const yank = await w.gren('POST', '/package/acme/lib/2.0.0/yank', { as: w.ann })
    assert.deepEqual(yank.body, { version: '2.0.0', yanked: true })
    assert.deepEqual(await warnings('acme/w3', '2.0.0 <= v < 3.0.0'), [
      'all of its range is yanked',
    ])
    assert.equal((await w.gren('DELETE', '/package/acme/lib/2.0.0', { as: w.pat })).status, 200)
    const dependencies = { 'acme/lib': '2.0.0 <= v < 3.0.0' }
    const gone = await w.publish({ name: 'acme/w4', version: '1.0.0', dependencies })
    assert.deepEqual(problemsOf(gone), [
      'outline.dependencies.acme/lib every version in 2.0.0 <= v < 3.0.0 was revoked',
    ])
  })

  test('a private package is nothing to strangers, from its first moment', async () => {
    const secret = { name: 'acme/secret', version: '1.0.0', isPrivate: true }
    assert.equal((await w.publish(secret)).status, 201)
    for (const path of [
      'versions',
      'latest',
      '1.0.0/bundle',
      '1.0.0/outline',
      'version/latest/overview',
      '',
    ]) {
      const url = `/package/acme/secret${path && `/${path}`}`
      for (const as of [undefined, w.sam]) {
        const { status, body } = await w.gren('GET', url, as && { as })
        assert.deepEqual([status, body], [404, { message: 'no package acme/secret here' }], url)
      }
      const seen = await w.gren('GET', url, { as: w.rae })
      assert.ok(seen.status < 400, url)
    }
    const logged = await w.t.app.database.db
      .selectFrom('logEntries')
      .select('record')
      .where('name', '=', 'acme/secret')
      .executeTakeFirstOrThrow()
    assert.match(logged.record, /^private [0-9a-f]{64}\n$/)
    // A later release need not say it again.
    assert.equal((await w.publish({ ...secret, version: '1.0.1', isPrivate: false })).status, 201)
    assert.equal((await w.gren('GET', '/package/acme/secret/versions')).status, 404)
    const needs = { 'acme/secret': rangeFrom('1.0.0') }
    const open = await w.publish({ name: 'acme/open', version: '1.0.0', dependencies: needs })
    const { warnings } = open.body as { warnings: Array<{ problem: string }> }
    assert.equal(
      warnings.some(({ problem }) => problem.startsWith('is private')),
      true,
    )
    const stranger = await w.publish(
      { name: 'samco/x', version: '1.0.0', dependencies: needs },
      w.sam,
    )
    assert.deepEqual(problemsOf(stranger), [
      'outline.dependencies.acme/secret is not in this registry',
    ])
    // What is public does not become private by a release, nor is published by mistake.
    const mistake = await w.publish({ ...base, version: '1.0.1', isPrivate: true })
    assert.equal(mistake.status, 409)
    await updatePackage(w.t.app, operator, packageRef('acme/base'), { visibility: 'private' })
    assert.equal((await w.publish({ ...base, version: '1.0.1', isPrivate: true })).status, 201)
    await updatePackage(w.t.app, operator, packageRef('acme/base'), { visibility: 'public' })
  })

  test('the registry is as it should be afterwards', async () => {
    const problems: object[] = []
    await verify(w.t.app, { checkBytes: true, onProblem: (one) => problems.push(one) })
    assert.deepEqual(problems, [])
  })
})

describe('gren, real shapes', () => {
  let w: GrenWorld
  before(async () => {
    w = await openGrenWorld()
    for (const author of REAL_AUTHORS) {
      if (author !== 'gren-lang')
        await createNamespace(w.t.app, operator, { name: author, owner: 'ann' })
    }
  })
  after(() => w.t.close())

  test('are all taken, and only in their order', async () => {
    const core = makeBundle(REAL_SHAPES[0] as GrenDraft)
    assert.ok(core.byteLength > 1000)
    const early = await w.publish(REAL_SHAPES[1] as GrenDraft)
    assert.deepEqual(problemsOf(early), [
      'outline.dependencies.gren-lang/core is not in this registry',
    ])
    for (const draft of REAL_SHAPES) {
      const { status, body } = await w.publish(draft)
      assert.equal(status, 201, `${draft.name}: ${JSON.stringify(body)}`)
    }
    assert.ok(REAL_SHAPES.length >= 10)
    const { body } = await w.gren('GET', '/package')
    assert.equal((body as { packages: object[] }).packages.length, REAL_SHAPES.length)
  })
})

import assert from 'node:assert/strict'
import { Hono } from 'hono'
import { digestOf } from '#core/blobs/digest.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import type { Ecosystem } from '#ecosystems/contract.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { operator } from '#test/app.ts'
import { type OpmWorld, openOpmWorld, useSchemas } from '#test/opm-world.ts'
import { SCHEMAS } from './schemas.ts'

useSchemas(SCHEMAS)

/** An ecosystem as plain as they come: `namespace/name`, versions, no projects. */
const toy: Ecosystem = {
  id: 'toy',
  label: 'Toys',
  parseName(raw) {
    const [namespace = '', name = '', more] = raw.split('/')
    if (more !== undefined) throw new Error('a toy has two parts')
    return { namespace, name, key: name.toLowerCase() }
  },
  formatName: ({ namespace, name }) => `${namespace}/${name}`,
  compareVersions: (a, b) => (a < b ? -1 : 1),
  credential: () => undefined,
  routes: () => new Hono(),
  renderError: () => new Response(null, { status: 500 }),
}

describe('opm projects and repositories', () => {
  let w: OpmWorld
  before(async () => {
    w = await openOpmWorld({}, [toy])
  })
  after(() => w.t.close())

  const problemOf = (answer: { status: number; body: unknown }) => [
    answer.status,
    (answer.body as { code: string }).code,
  ]
  const project = (name: string) => `/namespaces/acme/projects/${encodeURIComponent(name)}`
  const repository = (inProject: string, name: string) =>
    `${project(inProject)}/repositories/${name}`
  const hide = (inProject: string, name: string) =>
    updatePackage(
      w.t.app,
      operator,
      { ecosystem: 'oci', namespace: 'acme', project: inProject, name, key: name },
      { visibility: 'private' },
    )

  test('a project: made once, repeated, relabelled, read', async () => {
    const body = { labels: { consumer: { area: 'web' } } }
    const made = await w.opm('PUT', project('site'), { as: w.pat, body })
    assert.deepEqual([made.status, made.body], [201, ''])
    assert.equal((await w.opm('PUT', project('site'), { as: w.pat, body })).status, 200)
    assert.equal((await w.opm('PUT', project('site'), { as: w.pat })).status, 200)
    const provider = { labels: { provider: { tier: 'gold' } } }
    const refused = await w.opm('PUT', project('site'), { as: w.ann, body: provider })
    assert.deepEqual(problemOf(refused), [403, 'forbidden'])
    assert.equal((await w.opm('PUT', project('site'), { as: w.boss, body: provider })).status, 200)
    const view = {
      name: 'site',
      namespace: 'acme',
      repositories: 0,
      labels: { consumer: { area: 'web' }, provider: { tier: 'gold' } },
    }
    assert.deepEqual((await w.opm('GET', project('site'), { as: w.rae })).body, view)
    const audit = await w.t.app.database.db
      .selectFrom('audit')
      .select(['actor', 'action', 'detail'])
      .where('subject', '=', 'project:acme/site')
      .orderBy('id')
      .execute()
    assert.deepEqual(audit, [
      { actor: 'user:pat', action: 'project.create', detail: '{"consumerLabels":{"area":"web"}}' },
      {
        actor: 'user:boss',
        action: 'project.update',
        detail: '{"providerLabels":{"tier":"gold"}}',
      },
    ])
  })

  test('an empty project, and one with only private content, do not exist for strangers', async () => {
    await w.opm('PUT', project('empty'), { as: w.pat })
    await w.pushImage('acme/vault/gold', 'v1')
    await hide('vault', 'gold')
    for (const name of ['empty', 'vault']) {
      for (const as of [undefined, w.sam]) {
        const caller = as ? { as } : {}
        assert.deepEqual(problemOf(await w.opm('GET', project(name), caller)), [404, 'not_found'])
        assert.equal((await w.opm('HEAD', project(name), caller)).status, 404)
        const inside = await w.opm('GET', `${project(name)}/repositories`, caller)
        assert.deepEqual(problemOf(inside), [404, 'not_found'])
      }
      assert.equal((await w.opm('DELETE', project(name), { as: w.sam })).status, 404)
      assert.equal((await w.opm('GET', project(name), { as: w.rae })).status, 200)
    }
    await w.pushImage('acme/vault/glass', 'v1')
    const count = async (as?: OpmWorld['rae']) => {
      const { body } = await w.opm('GET', project('vault'), as ? { as } : {})
      return (body as { repositories: number }).repositories
    }
    assert.deepEqual([await count(), await count(w.rae)], [1, 2])
    const list = async (as?: OpmWorld['rae']) => {
      const { body } = await w.opm('GET', `${project('vault')}/repositories`, as ? { as } : {})
      return (body as { repositories: Array<{ name: string }> }).repositories.map((one) => one.name)
    }
    assert.deepEqual([await list(), await list(w.rae)], [['glass'], ['glass', 'gold']])
    const hidden = repository('vault', 'gold')
    for (const path of [hidden, `${hidden}/tags`, `${hidden}/tags/v1`]) {
      assert.deepEqual(problemOf(await w.opm('GET', path, { as: w.sam })), [404, 'package_unknown'])
      assert.equal((await w.opm('GET', path, { as: w.rae })).status, 200)
      assert.equal((await w.opm('HEAD', path)).status, 404)
    }
    assert.equal((await w.opm('DELETE', hidden, { as: w.sam })).status, 404)
    const put = await w.opm('PUT', hidden, { as: w.sam, body: {} })
    const unknown = await w.opm('PUT', repository('vault', 'nothing'), { as: w.sam, body: {} })
    assert.deepEqual([put.status, unknown.status], [403, 403])
  })

  test('projects are paged and filtered; names are checked; a path of several parts is one', async () => {
    for (const name of ['pp1', 'pp2', 'pp3']) {
      const body = { labels: { consumer: { pp: name } } }
      assert.equal((await w.opm('PUT', project(name), { as: w.pat, body })).status, 201)
    }
    const list = async (query: string) => {
      const path = `/namespaces/acme/projects?${query}`
      const { body, headers } = await w.opm('GET', path, { as: w.rae })
      const names = (body as { projects: Array<{ name: string }> }).projects.map((one) => one.name)
      return [names, headers.get('link')]
    }
    assert.deepEqual(await list('label=pp&perPage=2'), [
      ['pp1', 'pp2'],
      '</opm/namespaces/acme/projects?label=pp&perPage=2&after=pp2>; rel="next"',
    ])
    assert.deepEqual(await list('label=pp&perPage=2&after=pp2'), [['pp3'], null])
    assert.deepEqual(await list('label=pp=pp2'), [['pp2'], null])
    for (const name of ['UPPER', '-x', 'a//b', 'a b', 'x'.repeat(129)]) {
      const wrong = await w.opm('PUT', project(name), { as: w.pat })
      assert.deepEqual(problemOf(wrong), [400, 'name_invalid'], name)
    }
    await w.pushImage('acme/deep/er/app', 'v1')
    const deep = await w.opm('GET', repository('deep/er', 'app'))
    assert.equal((deep.body as { project: string }).project, 'deep/er')
  })

  test('a repository: made, pushed to by /v2/ at once, read, relabelled', async () => {
    const path = repository('site', 'chart')
    const body = { type: 'helm-chart-v1.0.0', labels: { consumer: { a: '1' } } }
    const missing = await w.opm('PUT', repository('nowhere', 'chart'), { as: w.pat, body })
    assert.deepEqual(problemOf(missing), [404, 'not_found'])
    const made = await w.opm('PUT', path, { as: w.pat, body })
    assert.deepEqual([made.status, made.body], [201, ''])
    assert.equal((await w.opm('PUT', path, { as: w.pat, body })).status, 200)
    const image = await w.pushImage('acme/site/chart', 'v1', w.pat)
    const { package: content, ...view } = (await w.opm('GET', path)).body as {
      package: { type: string; documentation: string; icon: string }
    }
    assert.deepEqual(view, {
      name: 'chart',
      namespace: 'acme',
      project: 'site',
      size: image.size + 'layer of acme/site/chart:v1'.length + '{}'.length,
      labels: { a: '1' },
    })
    assert.equal(content.type, 'helm-chart-v1.0.0')
    assert.equal(content.documentation, 'https://helm.sh/docs/topics/charts/')
    const other = await w.opm('PUT', path, { as: w.pat, body: { type: 'rpm' } })
    assert.deepEqual(problemOf(other), [409, 'conflict'])
    const labels = { labels: { consumer: { a: '2' }, provider: { tier: 'x' } } }
    assert.deepEqual(problemOf(await w.opm('PUT', path, { as: w.ann, body: labels })), [
      403,
      'forbidden',
    ])
    assert.equal((await w.opm('PUT', path, { as: w.boss, body: labels })).status, 200)
    // What is so already takes no operator to repeat.
    assert.equal((await w.opm('PUT', path, { as: w.pat, body: labels })).status, 200)
    const list = await w.opm('GET', `${project('site')}/repositories?label=a=2&label=tier`)
    const { repositories } = list.body as { repositories: Array<{ name: string; labels: unknown }> }
    assert.deepEqual(
      repositories.map((one) => [one.name, one.labels]),
      [['chart', { consumer: { a: '2' }, provider: { tier: 'x' } }]],
    )
    const none = await w.opm('GET', `${project('site')}/repositories?label=a=1`)
    assert.deepEqual(none.body, { repositories: [] })
  })

  test('the words of the early draft mean the same, and any type is taken', async () => {
    const path = `${project('site')}/repos/thing`
    const body = { type: 'OCI Image' }
    assert.equal((await w.opm('PUT', path, { as: w.pat, body })).status, 201)
    const read = await w.opm('GET', path)
    assert.deepEqual((read.body as { package: unknown }).package, { type: 'OCI Image' })
    assert.deepEqual((await w.opm('GET', `${path}/packages`)).body, { tags: [] })
    const list = await w.opm('GET', `${project('site')}/repos`)
    assert.equal(list.status, 200)
  })

  test('repositories are paged', async () => {
    for (const name of ['r1', 'r2', 'r3']) {
      const body = { labels: { consumer: { r: '1' } } }
      await w.opm('PUT', repository('site', name), { as: w.pat, body })
    }
    const first = await w.opm('GET', `${project('site')}/repositories?label=r&perPage=2`)
    const link = first.headers.get('link') ?? ''
    assert.match(link, /after=r2>; rel="next"$/)
    const rest = await w.any('GET', link.slice(1, link.indexOf('>')))
    const { repositories } = rest.body as { repositories: Array<{ name: string }> }
    assert.deepEqual(
      repositories.map((one) => one.name),
      ['r3'],
    )
  })

  test('content of another ecosystem lives in its own project; elsewhere its name says so', async () => {
    const wrong = await w.opm('PUT', repository('site', 'train'), {
      as: w.pat,
      body: { type: 'toy-package-v1' },
    })
    assert.deepEqual(problemOf(wrong), [422, 'unprocessable'])
    assert.match((wrong.body as { detail: string }).detail, /projects\/toy\/repositories\/train/)
    await w.opm('PUT', project('toy'), { as: w.pat })
    const body = { type: 'toy-package-v1' }
    const made = await w.opm('PUT', repository('toy', 'train'), { as: w.pat, body })
    assert.equal(made.status, 201)
    const oci = await w.pushImage('acme/toy/train', 'v1')
    const path = `${project('toy')}/repositories`
    const list = await w.opm('GET', path)
    const { repositories } = list.body as {
      repositories: Array<{ name: string; package: { type: string } }>
    }
    assert.deepEqual(
      repositories.map((one) => [one.name, one.package.type]),
      [
        ['oci:train', 'oci-artifact-v1.1.0'],
        ['train', 'toy-package-v1'],
      ],
    )
    const second = await w.opm('GET', `${path}?perPage=1&after=oci:train`)
    assert.deepEqual((second.body as { repositories: unknown[] }).repositories, [repositories[1]])
    const tag = await w.opm('GET', `${path}/oci:train/tags/v1`)
    assert.equal((tag.body as { manifest: { digest: string } }).manifest.digest, oci.digest)
    assert.deepEqual(problemOf(await w.opm('GET', `${path}/nope:train`)), [404, 'not_found'])
    assert.deepEqual(problemOf(await w.opm('GET', repository('site', 'toy:train'))), [
      400,
      'name_invalid',
    ])
  })

  test('versions of other ecosystems are tags that do not move', async () => {
    const ref = { ecosystem: 'toy', namespace: 'acme', name: 'train', key: 'train' }
    for (const version of ['1.0.0', '1.1.0+x']) {
      const bytes = new TextEncoder().encode(`train ${version}`)
      await publishRelease(w.t.app, operator, ref, {
        version,
        bytes,
        digest: digestOf(bytes),
        mediaType: 'application/gzip',
        kind: '',
        metadata: { private: 'to its ecosystem' },
        files: [],
        tags: version === '1.0.0' ? ['stable'] : [],
      })
    }
    const path = `${repository('toy', 'train')}/tags`
    const { tags } = (await w.opm('GET', path)).body as { tags: Array<{ name: string }> }
    assert.deepEqual(
      tags.map((tag) => tag.name),
      ['1.0.0', '1.1.0+x', 'stable'],
    )
    const page = await w.opm('GET', `${path}?perPage=1&after=1.0.0`)
    assert.match(page.headers.get('link') ?? '', /after=1.1.0%2Bx>/)
    const one = await w.opm('GET', `${path}/1.1.0+x`)
    const { manifest } = one.body as { manifest: { size: number } }
    assert.deepEqual(manifest, {
      mediaType: 'application/gzip',
      digest: digestOf(new TextEncoder().encode('train 1.1.0+x')),
      size: 13,
    })
    const body = { manifest }
    const moved = await w.opm('PUT', `${path}/stable`, { as: w.pat, body })
    assert.equal(moved.status, 200)
    assert.deepEqual((await w.opm('GET', `${path}/stable`)).body, {
      ...(one.body as object),
      name: 'stable',
    })
    assert.deepEqual(problemOf(await w.opm('PUT', `${path}/1.0.0`, { as: w.pat, body })), [
      409,
      'conflict',
    ])
    assert.deepEqual(problemOf(await w.opm('DELETE', `${path}/1.0.0`, { as: w.pat })), [
      409,
      'conflict',
    ])
  })

  test('deleting a repository or a project takes all of it, and gives its bytes back', async () => {
    const usedBytes = async () => {
      const { body } = await w.opm('GET', '/namespaces/acme', { as: w.boss })
      return (body as { quotas: { storage: { used: number } } }).quotas.storage.used
    }
    await w.opm('PUT', project('keep'), { as: w.pat })
    const empty = await usedBytes()
    await w.pushImage('acme/keep/one', 'v1')
    await w.pushImage('acme/keep/two', 'v1')
    const image = await w.pushImage('acme/keep/two', 'v2')
    assert.equal((await w.any('GET', '/v2/acme/keep/two/manifests/v1')).status, 200)
    assert.deepEqual(problemOf(await w.opm('DELETE', repository('keep', 'one'), { as: w.pat })), [
      403,
      'forbidden',
    ])
    const deleted = await w.opm('DELETE', repository('keep', 'one'), { as: w.ann })
    assert.deepEqual([deleted.status, deleted.body], [200, ''])
    assert.deepEqual(problemOf(await w.opm('GET', repository('keep', 'one'))), [
      404,
      'package_unknown',
    ])
    assert.deepEqual(problemOf(await w.opm('DELETE', project('keep'), { as: w.pat })), [
      403,
      'forbidden',
    ])
    assert.equal((await w.opm('DELETE', project('keep'), { as: w.ann })).status, 200)
    assert.deepEqual(problemOf(await w.opm('GET', project('keep'), { as: w.ann })), [
      404,
      'not_found',
    ])
    assert.equal((await w.any('GET', '/v2/acme/keep/two/manifests/v1', { as: w.ann })).status, 404)
    assert.equal((await w.opm('GET', `/blobs/${image.digest}`, { as: w.ann })).status, 404)
    assert.equal(await usedBytes(), empty)
    const audit = await w.t.app.database.db
      .selectFrom('audit')
      .select('subject')
      .where('action', 'in', ['package.delete', 'project.delete'])
      .where('actor', '=', 'user:ann')
      .orderBy('id')
      .execute()
    assert.deepEqual(
      audit.map((line) => line.subject),
      ['package:oci:acme/keep/one', 'package:oci:acme/keep/two', 'project:acme/keep'],
    )
    // The names are free again.
    assert.equal((await w.opm('PUT', project('keep'), { as: w.pat })).status, 201)
    await w.pushImage('acme/keep/two', 'v1')
  })

  test('a package larger than one batch goes in several', async () => {
    const ref = { ecosystem: 'oci', namespace: 'acme', project: 'keep', name: 'big', key: 'big' }
    for (let at = 0; at < 201; at++) {
      const bytes = new TextEncoder().encode(`release ${at}`)
      const digest = digestOf(bytes)
      const mediaType = 'text/plain'
      await publishRelease(w.t.app, operator, ref, {
        version: digest,
        bytes,
        digest,
        mediaType,
        kind: '',
        metadata: {},
        files: [],
        tags: [`t${at}`],
      })
    }
    assert.equal((await w.opm('DELETE', repository('keep', 'big'), { as: w.ann })).status, 200)
    assert.equal((await w.opm('GET', repository('keep', 'big'), { as: w.ann })).status, 404)
    const left = await w.t.app.database.db
      .selectFrom('tags')
      .select('name')
      .where('name', 'like', 't%')
      .execute()
    assert.deepEqual(left, [])
  })
})

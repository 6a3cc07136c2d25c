import assert from 'node:assert/strict'
import { startWorker } from '#core/jobs/worker.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deleteNamespaceJob } from '#core/namespaces/delete-namespace-job.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential } from '#test/actors.ts'
import { operator } from '#test/app.ts'
import { type OpmWorld, openOpmWorld, useSchemas } from '#test/opm-world.ts'
import { SCHEMAS } from './schemas.ts'

useSchemas(SCHEMAS)

describe('opm namespaces', () => {
  let w: OpmWorld
  before(async () => {
    w = await openOpmWorld()
  })
  after(() => w.t.close())

  const problemOf = (answer: { status: number; body: unknown }) => [
    answer.status,
    (answer.body as { code: string }).code,
  ]

  test('a user makes one and is its admin; the same again is 200; other labels change it', async () => {
    const body = { labels: { team: 'core' } }
    const made = await w.opm('PUT', '/namespaces/fresh', { as: w.sam, body })
    assert.deepEqual([made.status, made.body], [201, ''])
    assert.equal(made.headers.get('location'), '/opm/namespaces/fresh')
    const again = await w.opm('PUT', '/namespaces/fresh', { as: w.sam, body })
    assert.deepEqual([again.status, again.body], [200, ''])
    const other = await w.opm('PUT', '/namespaces/fresh', {
      as: w.sam,
      body: { labels: { team: 'web' } },
    })
    assert.equal(other.status, 200)
    const read = await w.opm('GET', '/namespaces/fresh')
    assert.deepEqual(
      [read.status, read.body],
      [
        200,
        {
          name: 'fresh',
          status: 'active',
          labels: { consumer: { team: 'web' }, provider: {} },
          quotas: { projects: { used: 0 }, repositories: { used: 0 }, storage: { used: 0 } },
        },
      ],
    )
    assert.equal(
      read.headers.get('content-type'),
      'application/vnd.open-package-management.namespace.v1+json',
    )
    const audit = await w.t.app.database.db
      .selectFrom('audit')
      .select(['actor', 'action'])
      .where('subject', '=', 'namespace:fresh')
      .orderBy('id')
      .execute()
    assert.deepEqual(audit, [
      { actor: 'user:sam', action: 'namespace.create' },
      { actor: 'user:sam', action: 'namespace.update' },
    ])
  })

  test('who may not, may not', async () => {
    const body = {}
    assert.deepEqual(problemOf(await w.opm('PUT', '/namespaces/nobodys', { body })), [
      401,
      'unauthenticated',
    ])
    assert.deepEqual(problemOf(await w.opm('PUT', '/namespaces/acme', { as: w.sam, body })), [
      403,
      'forbidden',
    ])
    assert.deepEqual(problemOf(await w.opm('PUT', '/namespaces/acme', { as: w.pat, body })), [
      403,
      'forbidden',
    ])
    assert.deepEqual(problemOf(await w.opm('DELETE', '/namespaces/acme', { as: w.pat })), [
      403,
      'forbidden',
    ])
    assert.deepEqual(problemOf(await w.opm('DELETE', '/namespaces/acme')), [401, 'unauthenticated'])
    assert.deepEqual(problemOf(await w.opm('GET', '/namespaces/none')), [404, 'namespace_unknown'])
    const weak = await credential(w.t.app, { user: 'ann' }, { scopes: ['read'] })
    assert.deepEqual(problemOf(await w.opm('PUT', '/namespaces/weaks', { as: weak, body })), [
      403,
      'scope_missing',
    ])
  })

  test('a failure has the fields of a problem, and the code that the quota note asks for', async () => {
    const answer = await w.opm('PUT', '/namespaces/opm', { as: w.sam, body: {} })
    const { requestId: _, ...body } = answer.body as Record<string, unknown>
    assert.deepEqual(
      [answer.status, body],
      [
        400,
        {
          type: 'about:blank',
          title: 'Invalid name',
          status: 400,
          code: 'name_invalid',
          detail: 'the name opm is reserved',
          error: { code: 'name_invalid', message: 'the name opm is reserved' },
        },
      ],
    )
    const wrong = await w.opm('GET', '/namespaces', { headers: { authorization: 'Bearer nope' } })
    assert.equal(wrong.status, 401)
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Bearer .*Basic /)
  })

  test('Basic works as Bearer does', async () => {
    const basic = `Basic ${Buffer.from(`sam:${w.sam.secret}`).toString('base64')}`
    const answer = await w.opm('PUT', '/namespaces/by-basic', {
      body: {},
      headers: { authorization: basic },
    })
    assert.equal(answer.status, 201)
  })

  test('quotas are for operators, are exact, and are kept by pushes of any protocol', async () => {
    const limits = { repoLimit: 1, storageLimit: 2000 }
    const body = { ...limits, labels: {} }
    assert.deepEqual(problemOf(await w.opm('PUT', '/namespaces/samco', { as: w.sam, body })), [
      403,
      'forbidden',
    ])
    assert.equal((await w.opm('PUT', '/namespaces/samco', { as: w.boss, body })).status, 200)
    // Its admin repeats what is so already.
    assert.equal((await w.opm('PUT', '/namespaces/samco', { as: w.sam, body })).status, 200)
    const image = await w.pushImage('samco/app', 'v1', w.sam)
    const layer = 'layer of samco/app:v1'.length
    const used = image.size + layer + '{}'.length
    const read = await w.opm('GET', '/namespaces/samco')
    assert.deepEqual((read.body as { quotas: unknown }).quotas, {
      projects: { used: 1 },
      repositories: { limit: 1, used: 1 },
      storage: { limit: 2000, used },
    })
    const second = await w.any('POST', '/v2/samco/second/blobs/uploads/', { as: w.sam })
    assert.equal(second.status, 403)
    assert.equal((second.body as { errors: [{ code: string }] }).errors[0].code, 'DENIED')
    const repository = '/namespaces/samco/projects/oci/repositories/third'
    const refused = await w.opm('PUT', repository, { as: w.sam, body: {} })
    assert.equal(refused.status, 403)
    assert.equal((refused.body as { error: { code: string } }).error.code, 'quota_exceeded')
    const bytes = new Uint8Array(2001 - used)
    const digest = `sha256:${await hexDigest(bytes)}`
    const blob = `/blobs/${digest}?repository=samco/oci/app`
    const tooMuch = await w.opm('PUT', blob, { as: w.sam, body: bytes })
    assert.deepEqual(problemOf(tooMuch), [403, 'quota_exceeded'])
    assert.equal((tooMuch.body as { error: { code: string } }).error.code, 'quota_exceeded')
  })

  test('counts beyond 2^53-1 are cut to it', async () => {
    const body = '{"storageLimit": 18446744073709551615, "labels": {}}'
    const headers = { 'content-type': 'application/json' }
    const put = await w.opm('PUT', '/namespaces/fresh', { as: w.boss, body, headers })
    assert.equal(put.status, 200)
    const read = await w.opm('GET', '/namespaces/fresh')
    const { quotas } = read.body as { quotas: { storage: { limit: number } } }
    assert.equal(quotas.storage.limit, Number.MAX_SAFE_INTEGER)
    for (const repoLimit of [-1, 1.5, '1', null]) {
      const wrong = await w.opm('PUT', '/namespaces/fresh', { as: w.boss, body: { repoLimit } })
      assert.deepEqual(problemOf(wrong), [400, 'invalid_request'])
    }
  })

  test('bodies that are no such document', async () => {
    const put = (body: string | undefined, type = 'application/json') =>
      w.opm('PUT', '/namespaces/odd', {
        as: w.sam,
        ...(body !== undefined && { body }),
        headers: { 'content-type': type },
      })
    for (const body of [
      undefined,
      'nonsense',
      '[]',
      '{"labels":{"a":1}}',
      '{"owner":"x"}',
      '['.repeat(100_000),
    ]) {
      assert.deepEqual(
        problemOf(await put(body)),
        [400, 'invalid_request'],
        body?.slice(0, 20) ?? 'no body',
      )
    }
    assert.deepEqual(problemOf(await put('{"labels":{"a\\"b":"c"}}')), [400, 'invalid_request'])
    assert.deepEqual(problemOf(await put('{}', 'text/plain')), [415, 'unsupported_media_type'])
    assert.deepEqual(problemOf(await put(' '.repeat(300_000))), [413, 'too_large'])
  })

  test('every spelling of the media types is taken, the one of the OpenAPI document given', async () => {
    for (const prefix of ['application/vnd.open-package-management', 'application/vnd.opm']) {
      for (const form of ['namespace-create', 'namespace.create']) {
        const put = await w.opm('PUT', '/namespaces/fresh', {
          as: w.sam,
          body: '{}',
          headers: { 'content-type': `${prefix}.${form}.v1+json; charset=utf-8` },
        })
        assert.equal(put.status, 200)
      }
      for (const form of ['namespace-list', 'namespace.list']) {
        const accept = `text/html;q=0.2, ${prefix}.${form}.v1+json;q=0.9`
        const list = await w.opm('GET', '/namespaces', { headers: { accept } })
        assert.equal(list.status, 200)
        assert.equal(
          list.headers.get('content-type'),
          'application/vnd.open-package-management.namespace-list.v1+json',
        )
      }
    }
    for (const accept of ['text/html', 'application/json;q=0', 'application/vnd.opm.tag.v1+json']) {
      const refused = await w.opm('GET', '/namespaces', { headers: { accept } })
      assert.deepEqual(problemOf(refused), [406, 'not_acceptable'])
    }
  })

  test('lists are paged and filtered by labels of both kinds', async () => {
    const { app } = w.t
    for (const name of ['page-a', 'page-b', 'page-c']) {
      await createNamespace(app, operator, {
        name,
        owner: 'sam',
        consumerLabels: { page: 'yes', letter: name.slice(-1) },
        providerLabels: { tier: name === 'page-b' ? 'gold=1' : 'free' },
      })
    }
    const names = (answer: { body: unknown }) =>
      (answer.body as { namespaces: Array<{ name: string }> }).namespaces.map(({ name }) => name)
    const first = await w.opm('GET', '/namespaces?label=page&perPage=2')
    assert.deepEqual(names(first), ['page-a', 'page-b'])
    const link = first.headers.get('link')
    assert.equal(link, '</opm/namespaces?label=page&perPage=2&after=page-b>; rel="next"')
    const rest = await w.any('GET', link?.slice(1, link.indexOf('>')) ?? '')
    assert.deepEqual([names(rest), rest.headers.get('link')], [['page-c'], null])
    const list = async (query: string) => names(await w.opm('GET', `/namespaces?${query}`))
    assert.deepEqual(await list('label=tier=gold%3D1'), ['page-b'])
    assert.deepEqual(await list('label=page=yes&label=tier=free'), ['page-a', 'page-c'])
    assert.deepEqual(await list('label=page=yes&label=tier=free&label=letter=c'), ['page-c'])
    assert.deepEqual(await list('label=page=no'), [])
    assert.deepEqual(await list('label=page&perPage=5000'), ['page-a', 'page-b', 'page-c'])
    for (const query of ['perPage=0', 'perPage=x', 'perPage=-1', 'label=', 'after=%00']) {
      const wrong = await w.opm('GET', `/namespaces?${query}`)
      assert.deepEqual(problemOf(wrong), [400, 'invalid_request'], query)
    }
  })

  test('a member counts what is private, a stranger does not', async () => {
    const open = await w.pushImage('acme/open', 'v1')
    const hidden = await w.pushImage('acme/secrets/hidden', 'v1')
    const ref = {
      ecosystem: 'oci',
      namespace: 'acme',
      project: 'secrets',
      name: 'hidden',
      key: 'hidden',
    }
    await updatePackage(w.t.app, operator, ref, { visibility: 'private' })
    const size = (image: { size: number }, name: string) =>
      image.size + `layer of ${name}:v1`.length
    const outside = size(open, 'acme/open') + 2
    const inside = outside + size(hidden, 'acme/secrets/hidden')
    const used = async (as?: OpmWorld['ann']) => {
      const read = await w.opm('GET', '/namespaces/acme', as ? { as } : {})
      const { quotas } = read.body as Record<string, Record<string, { used: number }>>
      return [quotas?.projects?.used, quotas?.repositories?.used, quotas?.storage?.used]
    }
    assert.deepEqual(await used(w.rae), [2, 2, inside])
    assert.deepEqual(await used(w.boss), [2, 2, inside])
    assert.deepEqual(await used(), [1, 1, outside])
    assert.deepEqual(await used(w.sam), [1, 1, outside])
  })

  test('HEAD answers as GET without a body; other methods are told what is allowed', async () => {
    for (const path of ['', '/namespaces', '/namespaces/acme', '/schemas/tag']) {
      const head = await w.opm('HEAD', path)
      assert.deepEqual([head.status, head.body], [200, ''], path)
    }
    assert.equal((await w.opm('HEAD', '/namespaces/none')).status, 404)
    const post = await w.opm('POST', '/namespaces/acme', { as: w.ann, body: {} })
    assert.deepEqual(problemOf(post), [405, 'method_not_allowed'])
    assert.equal(post.headers.get('allow'), 'GET, HEAD, PUT, DELETE')
    const list = await w.opm('DELETE', '/namespaces', { as: w.ann })
    assert.deepEqual([list.status, list.headers.get('allow')], [405, 'GET, HEAD'])
    assert.deepEqual(problemOf(await w.opm('GET', '/nonsense')), [404, 'not_found'])
  })

  test('an unchanged document costs a 304', async () => {
    const read = await w.opm('GET', '/namespaces/acme')
    const etag = read.headers.get('etag') ?? ''
    assert.notEqual(etag, '')
    const again = await w.opm('GET', '/namespaces/acme', { headers: { 'if-none-match': etag } })
    assert.deepEqual([again.status, again.body], [304, ''])
  })

  test('deleting goes through terminating until the worker has taken all apart', async () => {
    const { app } = w.t
    await createNamespace(app, operator, { name: 'doomed', owner: 'sam' })
    const image = await w.pushImage('doomed/web/app', 'v1', w.sam)
    const deleted = await w.opm('DELETE', '/namespaces/doomed', { as: w.sam })
    assert.deepEqual([deleted.status, deleted.body], [200, ''])
    const read = await w.opm('GET', '/namespaces/doomed')
    assert.equal((read.body as { status: string }).status, 'terminating')
    const inside = '/namespaces/doomed/projects/web'
    assert.deepEqual(problemOf(await w.opm('GET', inside)), [404, 'namespace_unknown'])
    assert.deepEqual(problemOf(await w.opm('PUT', inside, { as: w.sam, body: {} })), [
      409,
      'namespace_terminating',
    ])
    assert.equal((await w.opm('PUT', '/namespaces/doomed', { as: w.sam, body: {} })).status, 409)
    const gone = await w.opm('GET', `/blobs/${image.digest}`, { as: w.sam })
    assert.deepEqual(problemOf(gone), [404, 'blob_unknown'])
    assert.equal((await w.opm('DELETE', '/namespaces/doomed', { as: w.sam })).status, 200)
    const worker = startWorker(app, [deleteNamespaceJob], [], { pollMs: 20 })
    try {
      await worker.idle()
    } finally {
      await worker.stop()
    }
    assert.deepEqual(problemOf(await w.opm('GET', '/namespaces/doomed')), [
      404,
      'namespace_unknown',
    ])
  })

  test('/.well-known/opm names components and content types', async () => {
    const answer = await w.any('GET', '/.well-known/opm')
    assert.equal(answer.status, 200)
    const body = answer.body as {
      specVersion: string
      components: Record<string, Array<{ type: string }>>
      contentTypes: Array<{ type: string; documentation: string }>
    }
    assert.equal(body.specVersion, 'v1.0.0-rc.1')
    const types = Object.fromEntries(
      Object.entries(body.components).map(([name, list]) => [name, list.map(({ type }) => type)]),
    )
    const { registryInterface = [], ...others } = types
    assert.deepEqual(others, { objectStorage: ['filesystem'], versionControl: [], builders: [] })
    assert.ok(registryInterface.includes('opm') && registryInterface.includes('oci'))
    assert.ok(body.contentTypes.some(({ type }) => type === 'oci-image-v1.0.0'))
    assert.deepEqual((await w.opm('GET', '')).body, body)
  })
})

async function hexDigest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
}

import assert from 'node:assert/strict'
import { authenticate } from '#core/accounts/authenticate.ts'
import { issueGrant } from '#core/tokens/grant.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ApiWorld, openApiWorld } from '#test/api-world.ts'
import { testServerOptions } from '#test/served.ts'
import { createApi } from './api.ts'
import { openApiDocument } from './open-api.ts'

const V1 = '/api/v1'
const METHODS = new Set(['get', 'put', 'post', 'patch', 'delete'])

describe('the management API as a whole', () => {
  let world: ApiWorld

  before(async () => {
    world = await openApiWorld()
  })
  after(() => world.t.close())

  test('every route is documented, and every documented one exists', () => {
    const api = createApi(world.t.app, ecosystems, testServerOptions())
    const served = api.routes
      .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/v1/'))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
      .filter((route) => route !== 'GET /api/v1/openapi.json')
    const documented = Object.entries(openApiDocument().paths ?? {}).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    assert.ok(documented.length >= 25, `${documented.length} endpoints`)
    assert.deepEqual([...new Set(served)].sort(), documented.sort())
  })

  test('the document holds together', () => {
    const document = openApiDocument('https://registry.example.org')
    assert.equal(document.openapi, '3.1.0')
    assert.deepEqual(document.servers, [{ url: 'https://registry.example.org' }])
    const text = JSON.stringify(document)
    const schemas = new Set(Object.keys(document.components?.schemas ?? {}))
    const refs = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
    assert.ok(refs.length > 50)
    for (const [, name = ''] of refs) assert.ok(schemas.has(name), name)
    const ids = new Set<string>()
    const tags = new Set(document.tags?.map(({ name }) => name))
    for (const [path, item] of Object.entries(document.paths ?? {})) {
      for (const [method, operation] of Object.entries(item)) {
        const label = `${method} ${path}`
        assert.ok(METHODS.has(method), label)
        assert.ok(!ids.has(operation.operationId), label)
        ids.add(operation.operationId)
        assert.ok(operation.summary, label)
        for (const tag of operation.tags) assert.ok(tags.has(tag), label)
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
        const inPath = (operation.parameters ?? []).filter(
          (one: { in: string }) => one.in === 'path',
        )
        const declared = inPath.map((one: { name: string }) => one.name)
        assert.deepEqual(declared.sort(), named.sort(), label)
        assert.ok(operation.responses.default, label)
        for (const one of Object.values<{ description: string }>(operation.responses)) {
          assert.ok(one.description, label)
        }
      }
    }
  })

  test('the served document is the printed one, at the public address', async () => {
    const { status, body } = await world.call('GET', `${V1}/openapi.json`)
    assert.equal(status, 200)
    assert.deepEqual(body, JSON.parse(JSON.stringify(openApiDocument('http://127.0.0.1:7080'))))
  })

  test('a known path with another method is 405 and tells which', async () => {
    const cases: Array<[string, string, string]> = [
      ['PUT', `${V1}/users`, 'GET, HEAD, POST'],
      ['POST', `${V1}/users/ann`, 'GET, HEAD, PATCH'],
      ['GET', `${V1}/gc`, 'POST'],
      ['PUT', `${V1}/packages/oci/acme/web/app`, 'GET, HEAD, PATCH, DELETE'],
      ['DELETE', `${V1}/packages/oci/acme/web/tags`, 'GET, HEAD'],
      ['POST', `${V1}/openapi.json`, 'GET, HEAD'],
      ['POST', '/api/docs', 'GET, HEAD'],
      ['DELETE', '/', 'GET, HEAD'],
    ]
    for (const [method, path, allow] of cases) {
      const { status, headers, body } = await world.call(method, path)
      assert.equal(status, 405, `${method} ${path}`)
      assert.equal(headers.get('allow'), allow, `${method} ${path}`)
      assert.equal((body as { code: string }).code, 'method_not_allowed')
    }
    const head = await world.call('HEAD', `${V1}/packages/oci/acme/web`)
    assert.deepEqual([head.status, head.body], [200, ''])
    const { body } = await world.call('GET', `${V1}/packages/oci/acme/web`)
    assert.equal(head.headers.get('content-length'), String(JSON.stringify(body).length))
  })

  test('nothing is where nothing is', async () => {
    for (const path of ['/nope', V1, `${V1}/`, `${V1}/nope`, '/api', `${V1}/users/a/b`, '//x']) {
      const { status, body } = await world.call('GET', path)
      assert.deepEqual([status, (body as { code: string }).code], [404, 'not_found'], path)
    }
  })

  const bodies: Array<[string, number, string, unknown, Record<string, string>?]> = [
    ['no JSON', 400, 'invalid_request', '{'],
    ['nothing at all', 400, 'invalid_request', ''],
    ['null', 400, 'invalid_request', 'null'],
    ['a list', 400, 'invalid_request', '[]'],
    ['a text', 400, 'invalid_request', '"x"'],
    ['bytes that are no UTF-8', 400, 'invalid_request', new Uint8Array([0x7b, 0xff, 0xfe])],
    ['100,000 brackets', 400, 'invalid_request', '['.repeat(100_000)],
    ['nested lists', 400, 'invalid_request', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['too much', 413, 'too_large', 'x'.repeat(1024 * 1024 + 1)],
    ['a form', 415, 'unsupported_media_type', 'a=b', { 'content-type': 'text/plain' }],
    ['no type', 415, 'unsupported_media_type', '{}', { 'content-type': '' }],
    ['wrong types', 400, 'invalid_request', { name: 1, email: {} }],
    ['a prototype', 400, 'invalid_request', '{"__proto__":{"name":"x"}}'],
  ]
  for (const [what, status, code, body, headers = {}] of bodies) {
    test(`a body of ${what} is ${status}`, async () => {
      const answer = await world.call('POST', `${V1}/users`, { as: world.boss, body, headers })
      const problem = answer.body as { code: string }
      assert.deepEqual([answer.status, problem.code], [status, code], JSON.stringify(problem))
    })
  }

  test('a refused body names every place and reason', async () => {
    const body = { name: 1, isOperator: 'yes' }
    const { body: problem } = await world.call('POST', `${V1}/users`, { as: world.boss, body })
    const { errors } = problem as { errors: Array<{ in: string; path: string; reason: string }> }
    assert.deepEqual(
      errors.map((error) => `${error.in} ${error.path}`),
      ['json name', 'json email', 'json isOperator'],
    )
    assert.deepEqual(
      errors.map(({ reason }) => reason),
      [
        'expected string, received number',
        'is missing: expected string',
        'expected boolean, received string',
      ],
    )
  })

  test('a JSON body may say its charset, or be some other JSON', async () => {
    for (const type of ['application/json; charset=utf-8', 'application/merge-patch+json']) {
      const { status } = await world.call('PATCH', `${V1}/users/sam`, {
        as: world.boss,
        body: { isDisabled: false },
        headers: { 'content-type': type },
      })
      assert.equal(status, 200, type)
    }
  })

  test('a credential that OCI clients are given is good for nothing here', async () => {
    const shown = { secret: world.ann.secret }
    const from = { address: '192.0.2.1', requestId: 'r1' }
    const owner = await authenticate(world.t.app, shown, from)
    const grants = new Map([['acme/secret', new Set(['pull'])]])
    const secret = await issueGrant(world.t.app, owner, grants, 300)
    for (const path of ['whoami', 'packages/oci/acme/secret']) {
      const { status } = await world.call('GET', `${V1}/${path}`, { as: { ...world.ann, secret } })
      assert.equal(status, 401)
    }
  })

  test('answers are not kept by anybody, unless they are for everybody', async () => {
    const mine = await world.call('GET', `${V1}/tokens`, { as: world.ann })
    assert.equal(mine.headers.get('cache-control'), 'no-store')
    const own = await world.call('GET', `${V1}/whoami`, { headers: { 'x-request-id': 'abcdefgh' } })
    assert.equal(own.headers.get('x-request-id'), 'abcdefgh')
  })

  test('the pages: start, discovery, robots, documentation', async () => {
    const { call } = world
    const start = await call('GET', '/', { headers: { accept: 'text/html,*/*' } })
    assert.match(start.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(String(start.body), /http:\/\/127\.0\.0\.1:7080\/v2\//)
    const found = await call('GET', '/.well-known/entrepot')
    const { ecosystems: spoken, ...rest } = found.body as Record<string, unknown>
    assert.deepEqual(rest, {
      name: 'entrepot',
      url: 'http://127.0.0.1:7080/',
      api: 'http://127.0.0.1:7080/api/v1/',
      openapi: 'http://127.0.0.1:7080/api/v1/openapi.json',
      docs: 'http://127.0.0.1:7080/api/docs',
    })
    assert.equal((spoken as unknown[]).length, ecosystems.length)
    assert.deepEqual((spoken as unknown[])[0], {
      id: 'oci',
      label: 'OCI distribution (images, charts, any artefact)',
      url: 'http://127.0.0.1:7080/v2/',
    })
    const json = await call('GET', '/', { headers: { accept: 'application/json' } })
    assert.deepEqual(json.body, found.body)
    assert.match(String((await call('GET', '/robots.txt')).body), /^User-agent: \*\n/)
  })

  test('the documentation has every endpoint and schema, and nothing from elsewhere', async () => {
    const { body, headers } = await world.call('GET', '/api/docs')
    const page = String(body)
    const document = openApiDocument()
    for (const item of Object.values(document.paths ?? {})) {
      for (const { operationId } of Object.values(item)) {
        assert.ok(page.includes(`id="${operationId}"`), operationId)
        assert.ok(page.includes(`href="#${operationId}"`), operationId)
      }
    }
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id)
    assert.ok(targets.length > 50)
    for (const id of targets) assert.ok(page.includes(`id="${id}"`), `#${id} leads nowhere`)
    assert.doesNotMatch(page, /<script|<link|<img|src=|undefined|\[object/)
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
  })
})

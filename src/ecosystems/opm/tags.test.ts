import assert from 'node:assert/strict'
import { collectGarbage } from '#core/blobs/collect.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential } from '#test/actors.ts'
import { operator } from '#test/app.ts'
import { type OpmWorld, openOpmWorld, useSchemas } from '#test/opm-world.ts'
import { SCHEMAS } from './schemas.ts'

useSchemas(SCHEMAS)

const TARBALL_TYPE = 'application/gzip'
const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))

describe('opm tags and blobs', () => {
  let w: OpmWorld
  before(async () => {
    w = await openOpmWorld()
  })
  after(() => w.t.close())

  const problemOf = (answer: { status: number; body: unknown }) => [
    answer.status,
    (answer.body as { code: string }).code,
    (answer.body as { error: { code: string } }).error.code,
  ]
  const tagsOf = (name: string) => `/namespaces/acme/projects/oci/repositories/${name}/tags`
  const put = (path: string, manifest: unknown, as = w.pat) =>
    w.opm('PUT', path, { as, body: { manifest } })
  const refOf = (name: string) => ({ ecosystem: 'oci', namespace: 'acme', name, key: name })

  test('a pushed tag is there at once, and one put here is there for /v2/ at once', async () => {
    const first = await w.pushImage('acme/app', 'v1')
    const path = `${tagsOf('app')}/v1`
    const view = {
      name: 'v1',
      namespace: 'acme',
      project: 'oci',
      repository: 'app',
      manifest: { ...first, artifactType: 'application/vnd.oci.image.config.v1+json' },
    }
    assert.deepEqual((await w.opm('GET', path)).body, view)
    // Kept in memory by now.
    assert.deepEqual((await w.opm('GET', path)).body, view)
    const made = await put(`${tagsOf('app')}/stable`, first)
    assert.deepEqual([made.status, made.body], [201, ''])
    assert.equal(made.headers.get('location'), `/opm${tagsOf('app')}/stable`)
    assert.equal((await put(`${tagsOf('app')}/stable`, first)).status, 200)
    const pulled = await w.any('GET', '/v2/acme/app/manifests/stable')
    assert.equal(pulled.headers.get('docker-content-digest'), first.digest)
    const second = await w.pushImage('acme/app', 'v2')
    assert.equal((await put(`${tagsOf('app')}/stable`, second)).status, 200)
    const moved = await w.any('HEAD', '/v2/acme/app/manifests/stable')
    assert.equal(moved.headers.get('docker-content-digest'), second.digest)
    assert.deepEqual((await w.any('GET', '/v2/acme/app/tags/list')).body, {
      name: 'acme/app',
      tags: ['stable', 'v1', 'v2'],
    })
    const moreThanOnce = await w.opm('GET', `${tagsOf('app')}?perPage=2`)
    const { tags } = moreThanOnce.body as { tags: Array<{ name: string }> }
    assert.deepEqual(
      tags.map((tag) => tag.name),
      ['stable', 'v1'],
    )
    assert.equal(
      moreThanOnce.headers.get('link'),
      `</opm${tagsOf('app')}?perPage=2&after=v1>; rel="next"`,
    )
    await w.pushImage('acme/app', 'v1')
    const deleted = await w.opm('DELETE', `${tagsOf('app')}/stable`, { as: w.pat })
    assert.deepEqual([deleted.status, deleted.body], [200, ''])
    assert.equal((await w.any('GET', '/v2/acme/app/manifests/stable')).status, 404)
    assert.deepEqual(problemOf(await w.opm('GET', `${tagsOf('app')}/stable`)), [
      404,
      'tag_unknown',
      'tag_unknown',
    ])
  })

  test('an answer from memory still minds Accept, and ends when the package becomes private', async () => {
    await w.pushImage('acme/kept', 'v1')
    const path = `${tagsOf('kept')}/v1`
    for (let time = 0; time < 2; time++) assert.equal((await w.opm('GET', path)).status, 200)
    const refused = await w.opm('GET', path, { headers: { accept: 'image/png' } })
    assert.equal(refused.status, 406)
    const head = await w.opm('HEAD', path)
    assert.deepEqual([head.status, head.body], [200, ''])
    await updatePackage(w.t.app, operator, refOf('kept'), { visibility: 'private' })
    assert.equal((await w.opm('GET', path)).status, 404)
    const member = await w.opm('GET', path, { as: w.rae })
    assert.deepEqual(
      [member.status, member.headers.get('cache-control')],
      [200, 'private, no-cache'],
    )
    assert.equal((await w.opm('GET', path)).status, 404)
  })

  test('a tag needs what it points at, with the right size and type', async () => {
    const image = await w.pushImage('acme/app', 'right')
    const elsewhere = await w.pushImage('acme/elsewhere', 'v1')
    const path = `${tagsOf('app')}/wrong`
    assert.deepEqual(problemOf(await put(path, elsewhere)), [
      422,
      'unprocessable',
      'MANIFEST_UNKNOWN',
    ])
    assert.deepEqual(problemOf(await put(path, { ...image, size: image.size + 1 })), [
      422,
      'unprocessable',
      'SIZE_INVALID',
    ])
    const type = 'application/vnd.oci.image.index.v1+json'
    assert.deepEqual(problemOf(await put(path, { ...image, mediaType: type })), [
      422,
      'unprocessable',
      'MANIFEST_INVALID',
    ])
    for (const manifest of [
      {},
      { ...image, digest: 'md5:abc' },
      { ...image, size: -1 },
      { ...image, mediaType: 'none' },
      { ...image, urls: ['no url'] },
    ]) {
      assert.equal((await put(path, manifest)).status, 400)
    }
    assert.equal((await put(`${tagsOf('app')}/-x`, image)).status, 400)
    assert.equal((await put(`${tagsOf('none')}/v1`, image)).status, 404)
    assert.equal((await put(path, image, w.rae)).status, 403)
    assert.equal((await w.opm('PUT', path, { body: { manifest: image } })).status, 401)
    assert.equal((await w.opm('DELETE', `${tagsOf('app')}/right`, { as: w.rae })).status, 403)
    assert.equal((await w.opm('GET', path)).status, 404)
  })

  test('immutable tags stay, whatever protocol wants to move them', async () => {
    const first = await w.pushImage('acme/fixed', 'v1')
    const other = await w.pushImage('acme/fixed', 'v2')
    const path = '/namespaces/acme/projects/oci/repositories/fixed'
    const body = { labels: { provider: { immutableTags: 'true' } } }
    assert.equal((await w.opm('PUT', path, { as: w.pat, body })).status, 403)
    assert.equal((await w.opm('PUT', path, { as: w.ann, body })).status, 200)
    assert.deepEqual(((await w.opm('GET', path)).body as { labels: unknown }).labels, {
      immutableTags: 'true',
    })
    const query = '/namespaces/acme/projects/oci/repositories?label=immutableTags=true'
    const { repositories } = (await w.opm('GET', query)).body as {
      repositories: Array<{ name: string }>
    }
    assert.deepEqual(
      repositories.map((one) => one.name),
      ['fixed'],
    )
    const tag = `${tagsOf('fixed')}/v1`
    assert.deepEqual(problemOf(await put(tag, other, w.ann)), [
      409,
      'tag_immutable',
      'tag_immutable',
    ])
    assert.equal((await put(tag, first)).status, 200)
    assert.equal((await put(`${tagsOf('fixed')}/v3`, other)).status, 201)
    assert.equal((await w.opm('DELETE', tag, { as: w.ann })).status, 409)
    const manifest = await w.any('GET', `/v2/acme/fixed/manifests/${other.digest}`)
    const push = await w.any('PUT', '/v2/acme/fixed/manifests/v1', {
      as: w.ann,
      body: JSON.stringify(manifest.body),
      headers: { 'content-type': other.mediaType },
    })
    assert.equal((push.body as { errors: [{ code: string }] }).errors[0].code, 'DENIED')
    const off = { labels: { provider: {} } }
    assert.equal((await w.opm('PUT', path, { as: w.ann, body: off })).status, 200)
    assert.equal((await put(tag, other)).status, 200)
  })

  test('a tarball is a package too: its bytes, then a tag that points at them', async () => {
    const repository = '/namespaces/acme/projects/files/repositories/source'
    await w.opm('PUT', '/namespaces/acme/projects/files', { as: w.pat })
    await w.opm('PUT', repository, { as: w.pat, body: { type: 'tarball' } })
    const bytes = random(3000)
    const digest = digestOf(bytes)
    const manifest = {
      mediaType: TARBALL_TYPE,
      digest,
      size: 3000,
      annotations: { 'org.opencontainers.image.title': 'source-1.0.tar.gz' },
    }
    const early = await put(`${repository}/tags/1.0`, manifest)
    assert.deepEqual(problemOf(early), [422, 'unprocessable', 'MANIFEST_UNKNOWN'])
    const blob = `/blobs/${digest}?repository=acme/files/source`
    const stored = await w.opm('PUT', blob, { as: w.pat, body: bytes })
    assert.deepEqual([stored.status, stored.body], [201, ''])
    assert.equal((await w.opm('PUT', blob, { as: w.pat, body: bytes })).status, 200)
    assert.equal((await put(`${repository}/tags/1.0`, { ...manifest, size: 1 })).status, 422)
    assert.equal((await put(`${repository}/tags/1.0`, manifest)).status, 201)
    assert.equal((await put(`${repository}/tags/1.0`, manifest)).status, 200)
    assert.deepEqual((await w.opm('GET', `${repository}/tags/1.0`)).body, {
      name: '1.0',
      namespace: 'acme',
      project: 'files',
      repository: 'source',
      manifest,
    })
    const pulled = await w.any('HEAD', '/v2/acme/files/source/manifests/1.0')
    assert.deepEqual(
      [pulled.status, pulled.headers.get('content-type'), pulled.headers.get('content-length')],
      [200, TARBALL_TYPE, '3000'],
    )
    // While a tag's release names it, the blob stays.
    const kept = await w.any('DELETE', `/v2/acme/files/source/blobs/${digest}`, { as: w.ann })
    assert.equal(kept.status, 405)
  })

  test('a manifest that nobody checked cannot come in as a blob', async () => {
    const type = 'application/vnd.oci.image.manifest.v1+json'
    const bytes = new TextEncoder().encode(`{"schemaVersion":2,"mediaType":"${type}"}`)
    const digest = digestOf(bytes)
    await w.opm('PUT', `/blobs/${digest}?repository=acme/oci/app`, { as: w.pat, body: bytes })
    const manifest = { mediaType: type, digest, size: bytes.length }
    const answer = await put(`${tagsOf('app')}/sly`, manifest)
    assert.deepEqual(problemOf(answer), [422, 'unprocessable', 'MANIFEST_UNKNOWN'])
  })

  test('bytes without a place go to the first namespace of whoever puts them', async () => {
    const bytes = random(100)
    const path = `/blobs/${digestOf(bytes, 'sha512')}`
    assert.equal((await w.opm('PUT', path, { body: bytes })).status, 401)
    assert.equal((await w.opm('PUT', path, { as: w.rae, body: bytes })).status, 400)
    const stored = await w.opm('PUT', path, { as: w.sam, body: bytes })
    assert.deepEqual(
      [stored.status, stored.headers.get('opm-repository')],
      [201, 'samco/opm/blobs'],
    )
    const read = await w.opm('GET', path)
    assert.equal(read.status, 200)
    const wrong = await w.opm('PUT', path, { as: w.sam, body: random(100) })
    assert.deepEqual(problemOf(wrong), [400, 'digest_invalid', 'digest_invalid'])
    const home = await w.opm('GET', '/namespaces/samco/projects/opm/repositories/blobs')
    assert.equal((home.body as { size: number }).size, 100)
    const other = await w.opm('PUT', `${path}?repository=acme/oci/app`, { as: w.sam, body: bytes })
    assert.equal(other.status, 403)
    const limited = await credential(w.t.app, { user: 'sam' }, { scopes: ['read'] })
    assert.equal((await w.opm('PUT', path, { as: limited, body: bytes })).status, 400)
    assert.equal(
      (await w.opm('PUT', `${path}?repository=samco`, { as: w.sam, body: bytes })).status,
      400,
    )
    assert.equal((await w.opm('GET', '/blobs/nonsense')).status, 400)
  })

  test('collection leaves what was put to stay, and takes what nothing came to need', async () => {
    const { app, clock } = w.t
    const [kept, tagged, loose] = [random(50), random(51), random(52)]
    const put2 = async (bytes: Uint8Array, query: string) => {
      const path = `/blobs/${digestOf(bytes)}`
      const headers = { 'content-type': 'image/png' }
      const stored = await w.opm('PUT', `${path}${query}`, { as: w.ann, body: bytes, headers })
      assert.equal(stored.status, 201)
      return path
    }
    const keptPath = await put2(kept, '')
    const taggedPath = await put2(tagged, '?repository=acme/oci/app')
    const loosePath = await put2(loose, '?repository=acme/oci/app')
    const manifest = { mediaType: 'image/png', digest: digestOf(tagged), size: 51 }
    assert.equal((await put(`${tagsOf('app')}/picture`, manifest)).status, 201)
    clock.advance(app.settings.gcGraceSeconds * 2)
    await collectGarbage(app, { dryRun: false })
    clock.advance(app.settings.gcGraceSeconds * 2)
    await collectGarbage(app, { dryRun: false })
    const statuses = []
    for (const path of [keptPath, taggedPath, loosePath]) {
      statuses.push((await w.opm('GET', path)).status)
    }
    assert.deepEqual(statuses, [200, 200, 404])
    const problems: unknown[] = []
    await verify(app, { checkBytes: true, onProblem: (problem) => void problems.push(problem) })
    assert.deepEqual(problems, [])
  })

  test('names that are no text are refused, not asked for', async () => {
    for (const path of [
      '/namespaces/%00',
      '/namespaces/acme/projects/%00',
      '/namespaces/acme/projects/oci/repositories/%00',
      '/namespaces/acme/projects/oci/repositories/app/tags/%00',
      '/namespaces/acme/projects/oci/repositories/app/tags?after=%00',
      '/namespaces/acme/projects/oci/repositories?after=%00',
      '/namespaces/acme/projects/oci/repositories?label=%00',
      '/namespaces/acme/projects?label=a=%00',
      '/namespaces/acme/projects/%ff/repositories',
      `/namespaces/${'a'.repeat(600)}`,
      '/blobs/%00',
      '/schemas/%00',
      '/blobs/x?repository=%00/a/b',
    ]) {
      for (const as of [w.ann, w.sam]) {
        const { status } = await w.opm('GET', path, { as })
        assert.ok([200, 400, 404].includes(status), `${status} ${path}`)
      }
    }
  })

  test('a blob is read by those who may read a package that has it, whole or a range', async () => {
    const bytes = new TextEncoder().encode('0123456789')
    const digest = digestOf(bytes)
    const path = `/blobs/${digest}`
    const place = `${path}?repository=acme/hidden/blobs`
    assert.equal((await w.opm('PUT', place, { as: w.ann, body: bytes })).status, 201)
    const ref = { ...refOf('blobs'), project: 'hidden' }
    await updatePackage(w.t.app, operator, ref, { visibility: 'private' })
    for (const target of [path, place]) {
      assert.equal((await w.opm('GET', target)).status, 404)
      assert.equal((await w.opm('HEAD', target, { as: w.sam })).status, 404)
      const read = await w.opm('GET', target, { as: w.rae })
      assert.deepEqual([read.status, read.body], [200, '0123456789'])
      assert.match(read.headers.get('cache-control') ?? '', /^private/)
    }
    const range = await w.opm('GET', path, { as: w.rae, headers: { range: 'bytes=2-4' } })
    assert.deepEqual(
      [range.status, range.body, range.headers.get('content-range')],
      [206, '234', 'bytes 2-4/10'],
    )
    const beyond = await w.opm('GET', path, { as: w.rae, headers: { range: 'bytes=20-' } })
    assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */10'])
    const head = await w.opm('HEAD', path, { as: w.rae })
    assert.deepEqual(
      [head.status, head.body, head.headers.get('content-length'), head.headers.get('etag')],
      [200, '', '10', `"${digest}"`],
    )
    await updatePackage(w.t.app, operator, ref, { visibility: 'public' })
    for (let time = 0; time < 2; time++) assert.equal((await w.opm('GET', path)).body, '0123456789')
    const known = await w.opm('GET', path, { headers: { 'if-none-match': `"${digest}"` } })
    assert.equal(known.status, 304)
    await updatePackage(w.t.app, operator, ref, { visibility: 'private' })
    assert.equal((await w.opm('GET', path)).status, 404)
  })

  test('schemas are served, and say no to what is no such document', async () => {
    const { body } = await w.opm('GET', '/schemas/tag-create')
    assert.equal((body as { $id: string }).$id, 'https://openpackages.io/schema/tag-create')
    assert.equal((await w.opm('GET', '/schemas/none')).status, 404)
    assert.deepEqual(body, SCHEMAS['tag-create'])
  })
})

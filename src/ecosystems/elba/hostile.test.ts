import assert from 'node:assert/strict'
import { gunzipSync, gzipSync } from 'node:zlib'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ElbaWorld, elbaManifest, openElbaWorld, packElba, tagOf } from '#test/elba-world.ts'
import { hostileArchives } from '#test/hostile-archives.ts'
import { hostileLongNames } from '#test/hostile-long-names.ts'
import { mutatedArchive } from '#test/mutated-archive.ts'
import { randomFrom } from '#test/random.ts'
import { archiveOf, fixChecksum, rawEntry } from '#test/raw-tar.ts'

const MIB = 1024 * 1024

/** What the corpus does beyond limits that are narrower than ours. */
const NARROWER: ReadonlySet<string> = new Set([
  'compressed-size',
  'depth',
  'entries',
  'file-size',
  'path-length',
  'ratio',
  'unpacked-size',
])

/** A package with some bytes of its manifest replaced, in a sound archive. */
function damaged(archive: Uint8Array, seed: number): Uint8Array {
  const random = randomFrom(seed)
  const tar = Buffer.from(gunzipSync(archive))
  for (let round = 0; round <= random(4); round++) tar[512 + random(150)] = 9 + random(118)
  fixChecksum(tar.subarray(0, 512))
  return gzipSync(tar)
}

describe('elba publish, of what is not meant well', () => {
  let w: ElbaWorld
  before(async () => {
    w = await openElbaWorld()
  })
  after(() => w.t.close())

  const put = (path: string, body: Uint8Array | string | FormData) =>
    w.elba('PUT', `${path}?token=${w.ann.secret}`, { body })
  const send = (name: string, version: string, archive: Uint8Array) =>
    put(`/packages/${name}/${version}/publish`, archive)
  const saying = ({ body }: { body: unknown }) => (body as { description: string }).description

  test('forms and large bodies are refused, empty ones too', async () => {
    const path = '/packages/acme/form/1.0.0/publish'
    const form = new FormData()
    form.set('archive', new Blob(['x']))
    assert.deepEqual(tagOf(await put(path, form)), [415, 'invalid_format'])
    assert.deepEqual(tagOf(await put(path, '')), [400, 'invalid_format'])
    assert.deepEqual(tagOf(await put(path, 'not an archive')), [400, 'invalid_format'])
    const large = new Uint8Array(30 * MIB + 1)
    large.set(packElba({ name: 'acme/form', version: '1.0.0' }))
    assert.deepEqual(tagOf(await put(path, large)), [413, 'invalid_format'])
  })

  test('hostile archives are refused, naming the file and the rule', async () => {
    for (const { name, rule, make } of [...hostileArchives, ...hostileLongNames]) {
      // What goes against limits is large, and in hostile.slow.test.ts.
      if (NARROWER.has(rule)) continue
      const answer = await send('acme/hostile', '1.0.0', make())
      assert.deepEqual(tagOf(answer), [400, 'invalid_format'], name)
      assert.match(saying(answer), /\[[a-z0-9-]+\]$/, name)
    }
  })

  test('a symbolic link in a good package is refused by its name', async () => {
    const archive = archiveOf(
      rawEntry({ name: 'elba.toml', body: elbaManifest({ name: 'acme/link', version: '1.0.0' }) }),
      rawEntry({ name: 'src/Evil.idr', type: '2', link: '/etc/passwd' }),
    )
    const refused = await send('acme/link', '1.0.0', archive)
    assert.deepEqual(tagOf(refused), [400, 'invalid_format'])
    assert.match(saying(refused), /src\/Evil\.idr.*\[link\]$/)
  })

  test('mutated archives: refused or taken, never a failure of ours', async () => {
    const good = packElba({ name: 'acme/mutant', version: '1.0.0' })
    for (let seed = 0; seed < 80; seed++) {
      const answer = await send(
        'acme/mutant',
        '1.0.0',
        seed % 2 ? mutatedArchive(seed) : damaged(good, seed),
      )
      assert.ok(answer.status < 500, `${seed}: ${answer.status} ${JSON.stringify(answer.body)}`)
    }
  })

  test('any path, query and body: never a failure of ours', async () => {
    const words = ['packages', 'users', 'tokens', 'acme', 'json', '1.0.0', '1.0.0+b', 'metadata']
    const more = ['yank', 'publish', 'download', 'owners', 'search', 'login', 'logout', '%2F', '..']
    const odd = ['%00', '%ff', '%F0%9F%92%A9', 'a'.repeat(300), '-1', '99999999999999999999', ' ']
    const segments = [...words, ...more, ...odd]
    const queries = ['', '?q=', '?q=%00', '?q=%F0%9F%92%A9', '?yanked=true', '?user=%ff', '?token=']
    const methods = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'POST']
    const bodies = [undefined, '', '{', '[]', '{"user":1}', '{"token":"\\ud800"}', '\0']
    for (let seed = 0; seed < 600; seed++) {
      const random = randomFrom(seed)
      const pick = <T>(some: readonly T[]): T | undefined => some[random(some.length)]
      const path = Array.from({ length: random(7) }, () => pick(segments)).join('/')
      const method = pick(methods) ?? 'GET'
      const body = method === 'GET' || method === 'HEAD' ? undefined : pick(bodies)
      const { status } = await w.elba(method, `/${path}${pick(queries)}`, {
        ...(random(2) === 0 && { as: w.ann }),
        ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body }),
      })
      assert.ok(status < 500, `${seed}: ${method} /${path}: ${status}`)
    }
  })

  test('what was refused left nothing behind', async () => {
    const { app } = w.t
    const problems: unknown[] = []
    await verify(app, { checkBytes: true, onProblem: (one) => problems.push(one) })
    assert.deepEqual(problems, [])
    const parts: string[] = []
    for await (const part of app.blobs.listParts(new Date(Date.now() + 60_000))) parts.push(part)
    assert.deepEqual(parts, [])
    for (const name of ['hostile', 'link', 'bad', 'form', 'binary']) {
      const { status } = await w.elba('GET', `/packages/acme/${name}/metadata`)
      assert.equal(status, 404, name)
    }
  })
})

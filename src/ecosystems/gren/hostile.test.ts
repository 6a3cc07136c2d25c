import assert from 'node:assert/strict'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { after, before, describe, test } from '#runtime/test.ts'
import {
  type GrenDraft,
  makeBundle,
  makeOutline,
  moduleSource,
  packBundle,
} from '#test/gren-packages.ts'
import { type GrenWorld, openGrenWorld } from '#test/gren-world.ts'

const draft: GrenDraft = { name: 'acme/evil', version: '1.0.0' }
const outline = makeOutline(draft)
const sources = { Main: moduleSource('Main') }
const good = makeBundle(draft)
const text = JSON.stringify({ outline, sources })
const utf8 = (raw: string) => new TextEncoder().encode(raw)
const MIB = 1024 * 1024

/** An outline and sources with something in it instead. */
const withOutline = (changes: object) =>
  packBundle({ outline: { ...outline, ...changes }, sources })
const withSources = (changes: object) =>
  packBundle({ outline, sources: { ...sources, ...changes } })

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 0xff
  return copy
}

/** A bomb within a bomb would be refused as no JSON; this one is JSON all the way. */
function bomb(mib: number): Uint8Array {
  return gzipSync(Buffer.concat([utf8('{"outline":"'), Buffer.alloc(mib * MIB, 0x61), utf8('"}')]))
}

/** What is refused, and what is said of it. */
const BAD: ReadonlyArray<[string, Uint8Array, RegExp]> = [
  ['nothing', new Uint8Array(), /bundle: ends inside the gzip header/],
  ['no gzip', utf8('hello, this is no gzip'), /bundle: not a gzip file/],
  ['plain JSON', utf8(text), /bundle: not a gzip file/],
  ['truncated', good.subarray(0, good.byteLength - 9), /bundle: /],
  ['half', good.subarray(0, good.byteLength / 2), /bundle: /],
  ['header only', good.subarray(0, 10), /bundle: /],
  ['two members', Buffer.concat([good, good]), /bundle: something follows/],
  ['garbage behind', Buffer.concat([good, utf8('garbage')]), /bundle: /],
  ['wrong checksum', flip(good, good.byteLength - 6), /bundle: the gzip checksum is wrong/],
  ['bare deflate', deflateRawSync(text), /bundle: not a gzip file/],
  ['bomb', bomb(60), /bundle: it unpacks to more than \d+ bytes/],
  ['bomb of spaces', gzipSync(Buffer.alloc(20 * MIB, 0x20)), /bundle: it unpacks to more than/],
  ['empty JSON', packBundle(''), /bundle: it is not one JSON object/],
  ['null', packBundle('null'), /bundle: its JSON is not an object/],
  ['list', packBundle('[]'), /bundle: its JSON is not an object/],
  ['trailing JSON', packBundle(`${text}{}`), /bundle: it is not one JSON object/],
  ['trailing NUL', packBundle(`${text}\0`), /bundle: it is not one JSON object/],
  ['byte order mark', packBundle(`\ufeff${text}`), /bundle: it is not one JSON object/],
  [
    'not UTF-8',
    packBundle(Buffer.concat([utf8('{"a":"'), Buffer.from([0xff]), utf8('"}')])),
    /not UTF-8/,
  ],
  [
    'a half surrogate in UTF-8',
    packBundle(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])),
    /not UTF-8/,
  ],
  ['UTF-16', packBundle(Buffer.from(text, 'utf16le')), /bundle: /],
  ['deep lists', packBundle('['.repeat(500_000)), /nested deeper than 64/],
  ['deep objects', packBundle('{"a":'.repeat(500_000)), /nested deeper than 64/],
  ['deep outline', withOutline({ x: nested(100) }), /nested deeper than 64/],
  ['many values', packBundle(`[${'0,'.repeat(600_000)}0]`), /more than 500000 values/],
  ['no outline', packBundle({ sources }), /outline: is not there/],
  ['no sources', packBundle({ outline }), /sources: is not there/],
  ['outline a list', packBundle({ outline: [], sources }), /outline: is not there/],
  ['sources a list', packBundle({ outline, sources: [] }), /sources: is not there/],
  ['empty sources', packBundle({ outline, sources: {} }), /Main is not among the sources/],
  ['a source that is none', withSources({ Main: 7 }), /sources.Main: is not text/],
  ['100,000 modules', withSources(manyModules(100_000)), /more than 5000 modules/],
  ['5,000 bad modules', withSources(manyModules(4_900)), /and 49\d\d more|does not begin/],
  ['a path for a module', withSources({ '../../etc/passwd': 'x' }), /is not the name of a module/],
  [
    '__proto__ as a module',
    packBundle(`{"outline":${JSON.stringify(outline)},"sources":{"__proto__":"x","Main":"x"}}`),
    /sources.__proto__: is not the name/,
  ],
  [
    '__proto__ for the sources',
    packBundle(`{"outline":${JSON.stringify(outline)},"__proto__":{"sources":{}}}`),
    /sources: is not there/,
  ],
  [
    '__proto__ as a dependency',
    packBundle(
      `{"outline":${JSON.stringify(outline).replace('"dependencies":{}', '"dependencies":{"__proto__":"1.0.0 <= v < 2.0.0"}')},"sources":{}}`,
    ),
    /dependencies.__proto__: is not the author/,
  ],
  [
    'constructor as a dependency',
    withOutline({ dependencies: { constructor: 'x' } }),
    /dependencies.constructor: is not the author/,
  ],
  ['NUL in a source', withSources({ Main: 'module Main exposing (x)\0' }), /is not proper text/],
  [
    'half a surrogate in a source',
    withSources({ Main: 'module Main exposing (x)\ud800' }),
    /is not proper text/,
  ],
  ['NUL in the summary', withOutline({ summary: 'a\0b' }), /not one line of plain text/],
  ['a huge key', withOutline({ ['k'.repeat(300_000)]: 1 }), /more than 262144 characters/],
  [
    'a huge module name',
    withSources({ ['A'.repeat(MIB / 2)]: 'x' }),
    /is not the name of a module/,
  ],
  [
    'a huge dependency',
    withOutline({ dependencies: { ['a'.repeat(100_000)]: '1' } }),
    /is not the author/,
  ],
  ['a huge version', withOutline({ version: '1'.repeat(100_000) }), /is not three whole numbers/],
  ['a huge range', withOutline({ 'gren-version': ' '.repeat(100_000) }), /is not a range/],
  [
    'numbers for everything',
    withOutline({
      name: 1,
      version: 1,
      summary: 1,
      license: 1,
      platform: 1,
      'exposed-modules': 1,
      dependencies: 1,
      'gren-version': 1,
      type: 1,
    }),
    /and 8 more/,
  ],
  ['headings that are none', withOutline({ 'exposed-modules': { A: 'Main' } }), /neither a list/],
  [
    'modules that are none',
    withOutline({ 'exposed-modules': [['Main'], {}, null] }),
    /is not the name of a module/,
  ],
  ['docs that are deep', packBundle({ outline, sources, docs: '['.repeat(1_000_000) }), /docs/],
  [
    'a readme too long',
    packBundle({
      outline,
      sources,
      readme: Array.from({ length: 180_000 }, (_, at) => at).join(' '),
    }),
    /readme: has more than/,
  ],
]

function nested(depth: number): unknown {
  return depth === 0 ? 0 : [nested(depth - 1)]
}

function manyModules(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`M${at}`, 'x']))
}

describe('gren, hostile bundles', () => {
  let w: GrenWorld
  before(async () => {
    w = await openGrenWorld()
  })
  after(() => w.t.close())

  test('each is refused with its reason, and nothing is left behind', async () => {
    const before = await w.traces()
    for (const [what, bytes, expected] of BAD) {
      const { status, body } = await w.publish(draft, w.ann, bytes)
      const { message } = body as { message: string }
      assert.equal(status, 422, `${what}: ${message.slice(0, 200)}`)
      assert.match(message, expected, what)
      assert.ok(JSON.stringify(body).length < 100_000, what)
    }
    assert.deepEqual(await w.traces(), before)
  })

  test('what is only odd is taken: the last of a key that is there twice, spaces, unknown keys', async () => {
    const twice = `{"sources":{},"outline":{"type":"application"},\n "unknown" : [1,{"a":"\\u0000"}],\n "outline":${JSON.stringify(outline)},"sources":{"Main":"x","Main":${JSON.stringify(sources.Main)}}}  \n`
    const { status, body } = await w.publish(draft, w.ann, packBundle(twice))
    assert.equal(status, 201, JSON.stringify(body))
    const { warnings } = body as { warnings: Array<{ path: string; problem: string }> }
    assert.deepEqual(warnings[0], { path: 'bundle', problem: '"unknown" is not known and ignored' })
  })

  test('a gzip with any level, name or time is taken', async () => {
    for (const [at, level] of [0, 1, 9].entries()) {
      const version = `1.0.${at + 1}`
      const own = { ...draft, version }
      const bytes = gzipSync(JSON.stringify({ outline: makeOutline(own), sources }), { level })
      const { status, body } = await w.publish(own, w.ann, bytes)
      assert.equal(status, 201, JSON.stringify(body))
    }
  })

  test('more than 5 MiB are not taken in', async () => {
    const before = await w.traces()
    const { status, body } = await w.publish(draft, w.ann, new Uint8Array(5 * MIB + 1))
    assert.deepEqual([status, body], [413, { message: 'the body may have at most 5242880 bytes' }])
    assert.deepEqual(await w.traces(), before)
  })

  test('any byte changed: refused or taken, never a crash', async () => {
    const seen = new Set<number>()
    for (let at = 0; at < good.byteLength; at += 11) {
      const { status } = await w.publish({ ...draft, version: '9.9.9' }, w.ann, flip(good, at))
      assert.ok(status < 500, `byte ${at}`)
      seen.add(status)
    }
    assert.ok(seen.has(422))
  })
})

import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { acceptedEncoding, isCompressible } from './compress.ts'

describe('compression', () => {
  const cases: ReadonlyArray<[string | null, string | undefined]> = [
    [null, undefined],
    ['', undefined],
    ['identity', undefined],
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['GZIP;q=1.0, br;q=0.5', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['br;q=0, *', 'gzip'],
    ['gzip;q=nonsense', undefined],
  ]
  for (const [accept, encoding] of cases) {
    test(`Accept-Encoding ${accept} is answered with ${encoding}`, () => {
      assert.equal(acceptedEncoding(accept), encoding)
    })
  }

  test('only text of some length is packed, never manifests or blobs', () => {
    const is = (type: string, bytes: number, more: Record<string, string> = {}) =>
      isCompressible(new Headers({ 'content-type': type, ...more }), bytes)
    assert.equal(is('application/json; charset=utf-8', 1025), true)
    assert.equal(is('application/json', 1024), false)
    assert.equal(is('application/vnd.oci.image.manifest.v1+json', 9999), false)
    assert.equal(is('application/octet-stream', 9999), false)
    assert.equal(is('application/json', 9999, { 'docker-content-digest': 'sha256:0' }), false)
    assert.equal(is('application/json', 9999, { 'content-encoding': 'gzip' }), false)
    assert.equal(is('application/json', 9999, { 'cache-control': 'no-transform' }), false)
  })
})

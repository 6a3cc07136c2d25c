import assert from 'node:assert/strict'
import { test } from '#runtime/test.ts'
import { parseLocation } from './location.ts'

const HEX = 'ab'.repeat(32)

test('archives, with their checksum or without', () => {
  const archive = `https://raw.example.org/a_b_1.0.0+c.tar.gz`
  assert.deepEqual(parseLocation(`tar+${archive}#sha256=${HEX.toUpperCase()}`), {
    url: new URL(archive),
    digest: `sha256:${HEX}`,
  })
  assert.deepEqual(parseLocation(`tar+${archive}`), { url: new URL(archive) })
  assert.deepEqual(parseLocation('tar+file:///srv/a.tar.gz#'), {
    url: new URL('file:///srv/a.tar.gz'),
  })
})

test('what is no archive has a reason', () => {
  const reasons: ReadonlyArray<readonly [string | undefined, RegExp]> = [
    [undefined, /does not say where/],
    ['', /does not say where/],
    ['git+https://example.org/a#v1', /git repository/],
    ['reg+https://api.elba.pub/#a/b|1.0.0', /--tarballs/],
    ['dir+../b', /folder of somebody/],
  ]
  for (const [raw, reason] of reasons) {
    const parsed = parseLocation(raw)
    assert.ok(parsed && 'reason' in parsed)
    assert.match(parsed.reason, reason)
  }
})

test('nonsense is nothing', () => {
  for (const raw of [
    'https://example.org/a.tar.gz',
    'hg+https://example.org',
    'tar+ftp://example.org/a.tar.gz',
    'tar+a.tar.gz',
    'tar+https://example.org/a#md5=00',
    `tar+https://example.org/a#sha256=${HEX.slice(2)}`,
  ]) {
    assert.equal(parseLocation(raw), undefined, raw)
  }
})

import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { allowList, isPublicAddress, mayReach, parseTarget } from './target.ts'

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001:80b::200e',
  '2001:4860:4860::8888',
]

const REFUSED = [
  // This network, private, CGNAT, loopback, link-local and the metadata services.
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '100.100.100.200',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.255.255',
  // Protocol assignments, documentation, 6to4 relays, benchmarks.
  '192.0.0.1',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  // Multicast, reserved, broadcast.
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  // IPv6: unspecified, loopback, link-local (with a zone, too), ULA, metadata, multicast.
  '::',
  '::1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'fc00::1',
  'fd00:ec2::254',
  'fdff::1',
  'ff02::1',
  // Forms that carry an IPv4 address, whichever.
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:8.8.8.8',
  '0:0:0:0:0:ffff:a00:1',
  '::127.0.0.1',
  '::a00:1',
  '64:ff9b::7f00:1',
  '64:ff9b::169.254.169.254',
  '64:ff9b:1::1',
  '2002:7f00:1::',
  '2002:a00:1::1',
  '2001:0:7f00:1::',
  // Documentation, discard, benchmarks.
  '2001:db8::1',
  '3fff::1',
  '100::1',
  '2001:2::1',
  // No addresses at all.
  '',
  'localhost',
  '127.1',
  '0x7f000001',
  '2130706433',
  '8.8.8.8 ',
]

describe('what webhooks may reach', () => {
  for (const address of PUBLIC) {
    test(`${address} is public`, () => assert.equal(isPublicAddress(address), true))
  }
  for (const address of REFUSED) {
    test(`${address || 'nothing'} is not`, () => assert.equal(isPublicAddress(address), false))
  }

  test('a setting opens networks, single addresses and hosts, and nothing beside them', () => {
    const allow = allowList(['10.1.0.0/16', '192.168.1.5', 'fd00:1::/32', 'Hooks.Internal'])
    const cases: ReadonlyArray<[host: string, address: string, may: boolean]> = [
      ['a.example', '10.1.2.3', true],
      ['a.example', '10.2.0.1', false],
      ['a.example', '192.168.1.5', true],
      ['a.example', '192.168.1.6', false],
      ['a.example', 'fd00:1::7', true],
      ['a.example', 'fd00:2::7', false],
      ['hooks.internal', '172.16.0.9', true],
      ['HOOKS.internal', '127.0.0.1', true],
      ['x.hooks.internal', '172.16.0.9', false],
      ['a.example', '8.8.8.8', true],
      ['hooks.internal', 'not an address', false],
    ]
    for (const [host, address, may] of cases) {
      assert.equal(mayReach(allow, host, address), may, `${host} ${address}`)
    }
  })
})

describe('the URL of a target', () => {
  const nothing = allowList([])

  for (const [raw, is] of [
    ['https://example.org/hook?a=b', 'https://example.org/hook?a=b'],
    ['HTTP://Example.org', 'http://example.org/'],
    ['https://example.org:8443/x#part', 'https://example.org:8443/x'],
    ['https://8.8.8.8/x', 'https://8.8.8.8/x'],
    ['https://[2606:4700:4700::1111]/', 'https://[2606:4700:4700::1111]/'],
    // What a name means is looked up at each delivery.
    ['https://localhost/x', 'https://localhost/x'],
  ] as const) {
    test(raw, () => assert.equal(parseTarget(nothing, raw), is))
  }

  for (const raw of [
    '',
    'example.org',
    'ftp://example.org/',
    'file:///etc/passwd',
    'gopher://example.org/',
    'unix:/run/docker.sock',
    'https://',
    'https://user@example.org/',
    'https://user:password@example.org/',
    `https://example.org/${'x'.repeat(2000)}`,
  ]) {
    test(`${raw.slice(0, 40)} is none`, () => {
      assert.throws(() => parseTarget(nothing, raw), failsWith('invalid_request'))
    })
  }

  for (const raw of [
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://017700000001/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1:8080/',
    'http://0/',
  ]) {
    test(`${raw} is refused at once`, () => {
      assert.throws(() => parseTarget(nothing, raw), failsWith('unprocessable'))
    })
  }

  test('what is allowed is not refused', () => {
    const allow = allowList(['127.0.0.0/8'])
    assert.equal(parseTarget(allow, 'http://127.0.0.1:9/x'), 'http://127.0.0.1:9/x')
    assert.throws(() => parseTarget(allow, 'http://10.0.0.1/'), failsWith('unprocessable'))
  })
})

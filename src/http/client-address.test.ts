import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { clientAddress, trustedProxies } from './client-address.ts'

const isTrusted = trustedProxies(['10.0.0.0/8', '127.0.0.1', 'fd00::/8'])

function addressOf(peer: string, forwarded?: string, trusted = isTrusted): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return clientAddress(peer, new Request('http://x/', { headers }), trusted)
}

describe('client address', () => {
  const cases: ReadonlyArray<[peer: string, forwarded: string | undefined, address: string]> = [
    ['192.0.2.1', undefined, '192.0.2.1'],
    // Whoever is not a proxy of ours may claim what it likes.
    ['192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['127.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['::ffff:10.1.2.3', '198.51.100.7', '198.51.100.7'],
    // What stands left of the first untrusted address is its own claim.
    ['10.0.0.1', '203.0.113.9, 198.51.100.7, 10.0.0.2', '198.51.100.7'],
    ['10.0.0.1', '10.0.0.3,10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', 'nonsense', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.7, nonsense, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', '198.51.100.7:4711', '198.51.100.7'],
    ['fd00::1', '[2001:db8::1]:80', '2001:db8::1'],
    ['fd00::1', '2001:db8::2', '2001:db8::2'],
    ['', '198.51.100.7', ''],
  ]
  for (const [peer, forwarded, address] of cases) {
    test(`${peer || 'nobody'} forwarding ${forwarded ?? 'nothing'} is ${address || 'nobody'}`, () => {
      assert.equal(addressOf(peer, forwarded), address)
    })
  }

  test('trusts nobody unless told', () => {
    assert.equal(addressOf('127.0.0.1', '198.51.100.7', trustedProxies([])), '127.0.0.1')
  })
})

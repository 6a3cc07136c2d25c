import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { generateWebhookSecret, parseWebhookSecret, seal, signatures, unseal } from './secret.ts'

describe('the secret of a webhook', () => {
  test('signs as the reference implementations of Standard Webhooks do', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const signed = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1614265330,
      body: '{"test": 2432232314}',
    }
    const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    assert.equal(signatures([secret], signed), signature)
    assert.match(signatures([generateWebhookSecret(), secret], signed), /^v1,\S{44} v1,g0hM9S/)
  })

  test('a new one is right, and another each time', () => {
    const secret = generateWebhookSecret()
    assert.equal(parseWebhookSecret(secret), secret)
    assert.notEqual(generateWebhookSecret(), secret)
  })

  const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64')
  for (const raw of [
    '',
    'whsec_',
    'a secret that somebody chose',
    base64(32),
    `whsec_${base64(23)}`,
    `whsec_${base64(65)}`,
    `whsec_${base64(32)} `,
    `whsec_${base64(32).replace('=', '')}`,
    `whsec_${base64(30).replaceAll('B', '-')}`,
  ]) {
    test(`${raw.slice(0, 30)}… of ${raw.length} characters is none`, () => {
      assert.throws(() => parseWebhookSecret(raw), failsWith('invalid_request'))
    })
  }

  test('is stored encrypted when there is a key, and readable while that key is set', () => {
    const secret = generateWebhookSecret()
    const [old, young] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const stored = seal([old], secret)
    assert.ok(!stored.includes(secret.slice(6, 20)))
    assert.notEqual(seal([old], secret), stored)
    assert.equal(unseal([old], stored), secret)
    assert.equal(unseal([young, old], stored), secret)
    assert.throws(() => unseal([young], stored), /a key that is not set any more/)
    assert.throws(() => unseal([], stored), /a key that is not set any more/)
    assert.throws(() => unseal([old], `${stored.slice(0, -8)}AAAAAAA=`), /not set any more/)
    // Stored before there was a key.
    assert.equal(seal([], secret), secret)
    assert.equal(unseal([old], secret), secret)
  })
})

import assert from 'node:assert/strict'
import { RegistryError } from '#core/errors.ts'
import { test } from '#runtime/test.ts'
import { describeError } from './describe-error.ts'
import { backoffMs } from './job.ts'

test('backoff doubles from 5 s to 1 h, the upper half of it by chance', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 10, 11, 50].map((attempts) => backoffMs(attempts, 1)),
    [5_000, 10_000, 20_000, 40_000, 2_560_000, 3_600_000, 3_600_000],
  )
  assert.equal(backoffMs(1, 0), 2_500)
  for (let i = 0; i < 100; i++) {
    const delay = backoffMs(3)
    assert.ok(delay >= 10_000 && delay <= 20_000)
  }
})

test('errors are told in one line without secrets', () => {
  const told: Array<[unknown, string]> = [
    [new Error('it broke\n    at somewhere'), 'Error: it broke'],
    [new RegistryError('storage_full', 'no room'), 'storage_full: no room'],
    ['just text', 'just text'],
    [
      new Error('connect postgres://ann:pa55@db:5432/x failed'),
      'Error: connect postgres://***@db:5432/x failed',
    ],
    [
      new Error('sent Authorization: Bearer abc.def to it'),
      'Error: sent Authorization: Bearer *** to it',
    ],
    [new Error('GET /x?token=abc&a=1'), 'Error: GET /x?token=***&a=1'],
    [new Error('token ent_0123456789abcdefghijKLMN refused'), 'Error: token *** refused'],
  ]
  for (const [error, text] of told) assert.equal(describeError(error), text)
  assert.equal(describeError(new Error('x'.repeat(10_000))).length, 500)
})

import assert from 'node:assert/strict'
import { ConfigError } from '#config.ts'
import { RegistryError } from '#core/errors.ts'
import { describe, test } from '#runtime/test.ts'
import { CliError, describeFailure } from './failure.ts'

describe('a failure at the terminal', () => {
  test('of the registry has a hint', () => {
    const error = new RegistryError('user_unknown', 'there is no user bob')
    const { text, exitCode } = describeFailure(error, false)
    assert.equal(exitCode, 1)
    assert.match(text, /^entrepot: there is no user bob\n {2}`entrepot user list` .*\n$/)
  })

  test('of the settings lists all of them, and is wrong usage', () => {
    const { text, exitCode } = describeFailure(new ConfigError(['one', 'two']), false)
    assert.equal(exitCode, 2)
    assert.match(text, /^entrepot: The configuration is not usable:\n {2}one\n {2}two\n/)
  })

  test('quotes strangers without letting them move the cursor', () => {
    const { text } = describeFailure(
      new CliError('it is\x1b[2J that of \x9b1m\r\n  x', 'no'),
      false,
    )
    assert.equal(text, 'entrepot: it is [2J that of  1m \n  x\n  no\n')
  })

  test('that nobody expected is one line, with the stack only for those who debug', () => {
    const error = new Error('boom\nsecond line')
    assert.equal(
      describeFailure(error, false).text,
      'entrepot: unexpected error: boom\n  ENTREPOT_LOG_LEVEL=debug shows where it comes from\n',
    )
    assert.match(describeFailure(error, true).text, /failure\.test\.ts/)
    assert.match(describeFailure('text', true).text, /unexpected error: text/)
  })
})

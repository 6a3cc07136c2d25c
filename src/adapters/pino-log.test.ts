import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { pinoLog } from './pino-log.ts'

function logged(level: 'info' | 'silent') {
  const lines: string[] = []
  return { log: pinoLog(level, { write: (line) => void lines.push(line) }), lines }
}

describe('the structured log', () => {
  test('is one JSON object per line, with level, time and fields', () => {
    const { log, lines } = logged('info')
    log.warn({ requestId: 'r1' }, 'careful')
    const [line = '', ...rest] = lines
    assert.deepEqual(rest, [])
    const { time, ...known } = JSON.parse(line)
    assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/)
    assert.deepEqual(known, { level: 'warn', requestId: 'r1', msg: 'careful' })
  })

  test('leaves out what is less important than its level', () => {
    const { log, lines } = logged('info')
    log.debug({}, 'nobody cares')
    log.info({}, 'somebody does')
    assert.equal(lines.length, 1)
    const silent = logged('silent')
    silent.log.error({}, 'even this')
    assert.deepEqual(silent.lines, [])
  })

  test('never writes secrets, at the top or inside', () => {
    const { log, lines } = logged('info')
    const secrets = {
      token: 'hunter2',
      password: 'hunter2',
      request: { authorization: 'hunter2', headers: { cookie: 'hunter2' } },
    }
    log.error(secrets, 'failed')
    assert.equal(lines.length, 1)
    assert.ok(!lines.join('').includes('hunter2'), lines.join(''))
  })

  test('tells of an error with its stack and cause', () => {
    const { log, lines } = logged('info')
    log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')
    const { err } = JSON.parse(lines.join(''))
    assert.equal(err.type, 'Error')
    assert.match(err.message, /outer: inner/)
    assert.match(err.stack, /pino-log\.test\.ts/)
  })
})

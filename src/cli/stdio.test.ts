import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, test } from '#runtime/test.ts'

const MODULE = pathToFileURL(join(import.meta.dirname, 'stdio.ts')).href

/** Runs statements in a process of their own, with the functions of the module at hand. */
function run(statements: string) {
  const script = `import('${MODULE}').then(({ exitOnCrash, exitWhenWritten, writeOut }) => { ${statements} })`
  const { status, stdout } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    maxBuffer: 10_000_000,
    timeout: 20_000,
  })
  return { status, stdout }
}

const TELL = "exitOnCrash((error) => process.stdout.write('told: ' + error.message));"
const STAY = 'setInterval(() => {}, 1000);'

describe('the end of the process', () => {
  test('comes with an error that nobody caught, after it was told', () => {
    const thrown = `${TELL} ${STAY} setTimeout(() => { throw new Error('thrown') }, 1)`
    assert.deepEqual(run(thrown), { status: 1, stdout: 'told: thrown' })
    const rejected = `${TELL} ${STAY} Promise.reject(new Error('rejected'))`
    assert.deepEqual(run(rejected), { status: 1, stdout: 'told: rejected' })
  })

  test('the last one who wants to be told is', () => {
    const twice = `exitOnCrash(() => process.stdout.write('first')); ${TELL} throw new Error('x')`
    assert.deepEqual(run(twice), { status: 1, stdout: 'told: x' })
  })

  test('waits for what was written, and for nothing else', () => {
    const { status, stdout } = run(
      `${STAY} writeOut('a'.repeat(5_000_000)); writeOut(''); exitWhenWritten(3)`,
    )
    assert.deepEqual([status, stdout.length], [3, 5_000_000])
  })
})

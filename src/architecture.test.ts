import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from '#runtime/test.ts'

/** Who may import whom; a layer always may import itself. The linter says the same, file by file. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  runtime: [],
  config: ['core'],
  adapters: ['core', 'runtime'],
  ecosystems: ['core', 'runtime'],
  http: ['core', 'ecosystems', 'config', 'runtime'],
  compose: ['core', 'adapters', 'ecosystems', 'config'],
  cli: ['core', 'adapters', 'ecosystems', 'http', 'config', 'compose', 'runtime'],
  main: ['cli', 'config'],
}
/** Suites and fixtures that tests share; they stand beside their subject. */
const TEST_SUPPORT = /\.test\.ts$|\/conformance[^/]*\.ts$|-fixture\.ts$|\/test-[^/]*\.ts$/

const files = globSync('src/**/*.ts')
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => !TEST_SUPPORT.test(file))
const edges = files
  .flatMap((from) =>
    [...readFileSync(from, 'utf8').matchAll(/(?:from|import)\s*\(?'([.#][^']+)'/g)].map(
      ([, to = '']) => ({
        from,
        to: to.startsWith('#') ? `src/${to.slice(1)}` : normalize(join(dirname(from), to)),
      }),
    ),
  )
  .filter(({ to }) => to.startsWith('src/') && to !== 'src/package.json')
const layer = (file: string) => file.split('/')[1]?.replace(/\.ts$/, '') ?? ''
const island = (file: string) => /^src\/ecosystems\/([^/]+)\//.exec(file)?.[1]

test('layers import only what they may', () => {
  assert.ok(files.length > 100, `the scan found ${files.length} files`)
  assert.ok(edges.length > 300, `the scan found ${edges.length} imports`)
  const unknown = [...new Set(files.map(layer))].filter((one) => !(one in MAY_IMPORT))
  assert.deepEqual(unknown, [])
  const bad = edges.filter(
    ({ from, to }) => layer(from) !== layer(to) && !MAY_IMPORT[layer(from)]?.includes(layer(to)),
  )
  assert.deepEqual(bad, [])
})

test('an ecosystem never imports another, nor the database', () => {
  const bad = edges.filter(
    ({ from, to }) =>
      island(from) &&
      ((island(to) && island(from) !== island(to)) || to.startsWith('src/core/db/')),
  )
  assert.deepEqual(bad, [])
})

test('only the runtime seam knows Bun', () => {
  const bad = files.filter(
    (file) =>
      !file.startsWith('src/runtime/') &&
      /\bBun\.|from 'bun(:[^']*)?'/.test(readFileSync(file, 'utf8')),
  )
  assert.deepEqual(bad, [])
})

import assert from 'node:assert/strict'
import { formatRange, parseRange, type Range } from '#ecosystems/gren/range.ts'
import { formatVersion } from '#ecosystems/gren/version.ts'
import { describe, test } from '#runtime/test.ts'
import { type Random, randomFrom } from '#test/random.ts'
import { readNeeds } from './needs.ts'
import { type Chosen, intersect, solve } from './solve.ts'

/** Release → what it needs. */
type World = Readonly<Record<string, Readonly<Record<string, string>>>>

const major = (version: string) => `${version} <= v < ${Number(version.split('.')[0]) + 1}.0.0`

describe('solve', () => {
  const world: World = {
    'a/top 1.0.0': { 'a/mid': major('1.1.0'), 'a/low': major('1.0.0') },
    'a/top 2.0.0': { 'a/low': major('2.0.0') },
    'a/mid 1.1.0': { 'a/low': major('1.2.0') },
    'a/low 1.0.0': {},
    'a/low 1.2.0': { 'a/new': major('1.0.0') },
    'a/low 2.0.0': {},
  }
  const cases: ReadonlyArray<readonly [string, Record<string, string>, string[] | RegExp]> = [
    ['nothing', {}, []],
    ['the lowest version', { 'a/low': major('1.0.0') }, ['a/low 1.0.0']],
    // As the client: what asks for more later changes nothing.
    ['who asks first', { 'a/top': major('1.0.0') }, ['a/low 1.0.0', 'a/mid 1.1.0', 'a/top 1.0.0']],
    [
      'level by level',
      { 'a/low': major('1.0.0'), 'a/mid': major('1.1.0') },
      ['a/low 1.0.0', 'a/mid 1.1.0'],
    ],
    [
      'no version in common',
      { 'a/low': major('1.0.0'), 'a/top': major('2.0.0') },
      /no version of a\/low is right for all.*\n {2}gren\.json: 1\.0\.0 <= v < 2\.0\.0\n {2}a\/top: 2\.0/,
    ],
    ['what is not there', { 'a/low': major('1.2.0') }, /a\/new 1\.0\.0 for a\/low/],
  ]
  for (const [label, roots, expected] of cases) {
    test(label, async () => {
      const found = solveIn(world, roots)
      if (expected instanceof RegExp) await assert.rejects(found, expected)
      else assert.deepEqual(await found, expected)
    })
  }

  test('chooses what the client chooses', async () => {
    let solved = 0
    for (let seed = 0; seed < 500; seed++) {
      const { world: random, roots } = randomWorld(randomFrom(seed))
      const expected = asTheClient(random, roots)
      const found = await solveIn(random, roots).catch(() => undefined)
      assert.deepEqual(found, expected, `seed ${seed}`)
      if (found) solved++
    }
    assert.ok(solved > 50 && solved < 450, `${solved} of 500 had a solution`)
  })

  test('intersect', () => {
    const of = (one: string, other: string) => {
      const found = intersect(rangeOf(one), rangeOf(other))
      return found && formatRange(found)
    }
    assert.equal(of('1.0.0 <= v < 2.0.0', '1.5.0 <= v < 3.0.0'), '1.5.0 <= v < 2.0.0')
    assert.equal(of('1.0.0 <= v < 4.0.0', '2.0.0 <= v < 3.0.0'), '2.0.0 <= v < 3.0.0')
    assert.equal(of('1.0.0 <= v < 2.0.0', '2.0.0 <= v < 3.0.0'), undefined)
  })
})

/** The releases that are chosen, sorted. */
async function solveIn(world: World, roots: Record<string, string>): Promise<string[]> {
  const requirements = Object.entries(roots)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, range]) => ({ name, range: rangeOf(range), by: 'gren.json' }))
  const chosen = await solve(requirements, async ({ name, by }, version): Promise<Chosen> => {
    const dependencies = world[`${name} ${version}`]
    if (!dependencies) throw new Error(`${name} ${version} for ${by}`)
    const outline = {
      type: 'package',
      platform: 'common',
      'gren-version': '0.6.0 <= v < 0.7.0',
      dependencies,
    }
    return { version, needs: readNeeds(outline, name) }
  })
  return [...chosen].map(([name, { version }]) => `${name} ${version}`).sort()
}

/** The way of the released client (0.6.3): it begins again each time it has loaded a package. */
function asTheClient(world: World, roots: Record<string, string>): string[] | undefined {
  const sorted = (some: object) => Object.entries(some).sort(([a], [b]) => (a < b ? -1 : 1))
  const loaded = new Map<string, { range: Range; needs: object }>()
  restart: for (;;) {
    const solved = new Map<string, Range>()
    const queue = sorted(roots).map(([name, text]) => ({ name, range: rangeOf(text) }))
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { name, range } = next
      const known = solved.get(name)
      if (known) {
        const common = intersect(known, range)
        if (!common) return undefined
        solved.set(name, common)
        continue
      }
      const here = loaded.get(name)
      if (!here) {
        const needs = world[`${name} ${formatVersion(range.lower)}`]
        if (!needs) return undefined
        loaded.set(name, { range, needs })
        continue restart
      }
      solved.set(name, here.range)
      queue.push(...sorted(here.needs).map(([one, text]) => ({ name: one, range: rangeOf(text) })))
    }
    return [...loaded].map(([name, { range }]) => `${name} ${formatVersion(range.lower)}`).sort()
  }
}

function randomWorld(random: Random): { world: World; roots: Record<string, string> } {
  const names = ['a/a', 'a/b', 'a/c', 'a/d', 'a/e']
  // Seldom the second major: else nothing would go together.
  const version = () => (random(6) === 0 ? 2 : 1)
  const needs = () => {
    const some = names.filter(() => random(3) === 0)
    return Object.fromEntries(some.map((name) => [name, major(`${version()}.${random(2)}.0`)]))
  }
  const releases = names.flatMap((name) =>
    ['1.0.0', '1.1.0', '2.0.0', '2.1.0'].map((one) => [`${name} ${one}`, needs()] as const),
  )
  return { world: Object.fromEntries(releases), roots: needs() }
}

function rangeOf(text: string): Range {
  const range = parseRange(text)
  if (!range) throw new Error(`${text} is no range`)
  return range
}

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from '#runtime/test.ts'
import {
  type Constraint,
  hasPreReleaseBound,
  parseConstraint,
  printConstraint,
  satisfies,
} from './constraint.ts'
import type { Range } from './range.ts'
import { printVersion, readVersion, type Version } from './version.ts'

/** Reads what must be right. */
function constraint(raw: string): Constraint {
  const parsed = parseConstraint(raw)
  if (typeof parsed === 'string') throw new Error(`${raw}: ${parsed}`)
  return parsed
}

function version(raw: string): Version {
  const parsed = readVersion(raw)
  if (parsed) return parsed
  throw new Error(raw)
}

describe('elba constraints', () => {
  test('nothing takes long to read, though it has spaces everywhere', () => {
    const spaces = ' '.repeat(490)
    const startedAt = performance.now()
    for (const raw of [`>${spaces}${spaces}x`, `>1${spaces}<${spaces}x`, `<${spaces}!${spaces}x`]) {
      assert.equal(typeof parseConstraint(raw), 'string')
    }
    assert.ok(performance.now() - startedAt < 50)
    assert.equal(
      printConstraint(constraint(`> = ${spaces}! 1.0 < ${spaces}! 2`)),
      '>=!1.0.0 <!2.0.0',
    )
  })

  for (const [raw, printed] of [
    // caret
    ['1.2.3', '>=1.2.3 <2.0.0'],
    ['^1.2.3', '>=1.2.3 <2.0.0'],
    ['^ 1.2.3', '>=1.2.3 <2.0.0'],
    ['1.2', '>=1.2.0 <2.0.0'],
    ['1', '>=1.0.0 <2.0.0'],
    ['1.0', '>=1.0.0 <2.0.0'],
    ['0.2.3', '>=0.2.3 <0.3.0'],
    ['0.2', '>=0.2.0 <0.3.0'],
    ['0.0.3', '>=0.0.3 <0.0.4'],
    ['0.0.0', '>=0.0.0 <0.0.1'],
    ['0.0', '>=0.0.0 <0.1.0'],
    ['0', '>=0.0.0 <1.0.0'],
    ['1.2.3-alpha.1', '>=1.2.3-alpha.1 <2.0.0'],
    // tilde
    ['~1.2.3', '>=1.2.3 <1.3.0'],
    ['~1.2', '>=1.2.0 <1.3.0'],
    ['~1', '>=1.0.0 <2.0.0'],
    ['~ 1', '>=1.0.0 <2.0.0'],
    ['~0.0.3', '>=0.0.3 <0.1.0'],
    ['~0', '>=0.0.0 <1.0.0'],
    // any
    ['any', 'any'],
    [' any ', 'any'],
    // intervals
    ['>=1.0.0 <2.0.0', '>=1.0.0 <2.0.0'],
    ['>= 1.0.0 < 2.0.0', '>=1.0.0 <2.0.0'],
    ['>=1.0.0<2.0.0', '>=1.0.0 <2.0.0'],
    ['>=1 <2', '>=1.0.0 <2.0.0'],
    ['>1.0.0', '>1.0.0'],
    ['<=2.0.0', '<=2.0.0'],
    ['<2', '<2.0.0'],
    ['>=1.0.0 <=1.0.0', '>=1.0.0 <=1.0.0'],
    // bangs, where they matter
    ['>=!1.0.0', '>=!1.0.0'],
    ['>= ! 1.0.0 < ! 2.0.0', '>=!1.0.0 <!2.0.0'],
    ['<!2.0.0', '<!2.0.0'],
    ['>!1.0.0', '>1.0.0'],
    ['<=!1.0.0', '<=1.0.0'],
    ['>=!1.0.0-a <!2.0.0-b', '>=1.0.0-a <2.0.0-b'],
    ['>=!1.0.0 <!1.0.0', '>=!1.0.0 <!1.0.0'],
    // unions
    ['1, 2', '>=1.0.0 <3.0.0'],
    ['2,1', '>=1.0.0 <3.0.0'],
    ['1, 3', '>=1.0.0 <2.0.0, >=3.0.0 <4.0.0'],
    ['3.0.0,1.0.0', '>=1.0.0 <2.0.0, >=3.0.0 <4.0.0'],
    ['>=1.0.0 <3.0.0, >=2.0.0 <4.0.0', '>=1.0.0 <4.0.0'],
    ['>=1.0.0 <4.0.0, >=2.0.0 <3.0.0', '>=1.0.0 <4.0.0'],
    ['<1.0.0, >1.0.0', '<1.0.0, >1.0.0'],
    ['<=1.0.0, >1.0.0', 'any'],
    ['<1.0.0, >=1.0.0', 'any'],
    ['<1.0.0, >=!1.0.0', 'any'],
    ['<1.0.0, any', 'any'],
    ['>=1.0.0, >=!1.0.0', '>=!1.0.0'],
    ['>1.0.0, >=1.0.0', '>=1.0.0'],
    ['>=!1.0.0, >=1.0.0-0', '>=!1.0.0'],
    ['>=1.0.0-0, >=!1.0.0', '>=!1.0.0'],
    ['<2.0.0, <!2.0.0', '<!2.0.0'],
    ['<2.0.0, <=2.0.0', '<=2.0.0'],
    ['1.0.0, 1.0.0', '>=1.0.0 <2.0.0'],
  ] as const) {
    test(`${raw} is ${printed}`, () => {
      const parsed = constraint(raw)
      assert.equal(printConstraint(parsed), printed)
      assert.deepEqual(constraint(printed), parsed)
    })
  }

  for (const raw of [
    '',
    ' ',
    ',',
    '1,',
    ',1',
    'x',
    '*',
    '1.*',
    '1.x',
    '1.2.3.4',
    '01',
    '1.02',
    '1.0.0+b',
    '-1',
    '^',
    '~',
    '>',
    '>=',
    '!1.0.0',
    '^!1.0.0',
    '=1.0.0',
    '==1.0.0',
    '>=1.0.0 >=2.0.0',
    '<2.0.0 >=1.0.0',
    '>=1.0.0 <2.0.0 and more',
    '>=1.0.0-a <2.0.0 x',
    '1.0.0 2.0.0',
    '>=2.0.0 <1.0.0',
    '>=1.0.0 <1.0.0',
    '>1.0.0 <=1.0.0',
    '>1.0.0 <1.0.0',
    '>=!1.0.0 <1.0.0',
    '1-alpha',
    '1.2-alpha',
    'ANY',
    'any 1',
    '1 || 2',
    '~>1.0',
    '99999999999999999999',
    '9007199254740991',
    `1${',1'.repeat(600)}`,
  ]) {
    test(`${JSON.stringify(raw).slice(0, 40)} is refused`, () => {
      assert.equal(typeof parseConstraint(raw), 'string')
    })
  }

  for (const [raw, good, bad] of [
    ['1.0', ['1.0.0', '1.9.9', '1.0.0+b'], ['0.9.0', '2.0.0', '1.5.0-a', '2.0.0-a', '1.0.0-a']],
    ['>=1.0.0 <!2.0.0', ['1.0.0', '1.5.0-a', '2.0.0-a'], ['1.0.0-a', '2.0.0']],
    ['>=!1.0.0 <2.0.0', ['1.0.0'], ['1.0.0-a', '2.0.0-a']],
    ['>=!1.0.0', ['1.0.0-a', '1.0.0', '3.0.0-x'], ['0.9.9', '0.9.9-a']],
    ['>=1.0.0 <2.0.0-b', ['1.0.0', '1.5.0-a', '2.0.0-a'], ['2.0.0-b', '2.0.0-c', '2.0.0']],
    ['<=2.0.0', ['0.0.0', '2.0.0', '2.0.0-a', '1.0.0-a'], ['2.0.1', '2.0.1-a']],
    ['>1.0.0', ['1.0.1', '1.0.1-a', '2.0.0'], ['1.0.0', '1.0.0-a']],
    ['any', ['0.0.0', '0.0.0-a', '9.9.9'], []],
    ['1, 3', ['1.0.0', '3.2.1'], ['2.0.0', '4.0.0']],
    ['>=!1.0.0 <!1.0.0', ['1.0.0-a', '1.0.0-0'], ['1.0.0', '0.9.0']],
  ] as const) {
    test(`${raw} takes ${good.join(', ')} and not ${bad.join(', ')}`, () => {
      const parsed = constraint(raw)
      const taken = [...good, ...bad].filter((one) => satisfies(parsed, version(one)))
      assert.deepEqual(taken, good)
    })
  }

  test('a bound that old clients cannot read is told', () => {
    const cut = ['>=1.0.0-a', '<2.0.0-b', '1.0.0-rc', '1, >=3.0.0-a']
    assert.deepEqual(
      cut.map((raw) => hasPreReleaseBound(constraint(raw))),
      [true, true, true, true],
    )
    assert.equal(hasPreReleaseBound(constraint('>=!1.0.0 <!2.0.0')), false)
  })
})

/** Two ranges in a row, of which the first ends before the second begins. */
function assertApart(first: Range | undefined, second: Range | undefined): void {
  if (!first || !second) return
  const { upper } = first
  const { lower } = second
  assert.ok(upper && lower)
  const isMeeting = printVersion(upper.version) === printVersion(lower.version)
  assert.equal(isMeeting && (upper.isInclusive || lower.isInclusive), false)
}

const small = fc.nat({ max: 3 })
const release = fc.tuple(small, small, small).map((parts) => parts.join('.'))
const anyVersion = fc.oneof(
  release,
  fc.tuple(release, fc.constantFrom('a', 'b', 'a.1', '0')).map((parts) => parts.join('-')),
)
const bare = fc.oneof(
  anyVersion,
  small.map(String),
  fc.tuple(small, small).map((p) => p.join('.')),
)
const range = fc.oneof(
  fc.constant('any'),
  bare,
  bare.map((one) => `^${one}`),
  bare.map((one) => `~${one}`),
  fc
    .tuple(fc.constantFrom('>', '>='), fc.constantFrom('', '!'), bare)
    .map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom('<', '<='), fc.constantFrom('', '!'), bare)
    .map((parts) => parts.join('')),
  fc
    .tuple(
      fc.constantFrom('>', '>=', '>=!'),
      bare,
      fc.constantFrom(' ', ''),
      fc.constantFrom('<', '<=', '<!'),
      bare,
    )
    .map((parts) => parts.join('')),
)
const union = fc.array(range, { minLength: 1, maxLength: 4 })

describe('elba constraints, whatever they are', () => {
  test('what is printed reads back the same, and prints the same', () => {
    fc.assert(
      fc.property(union, (ranges) => {
        const parsed = parseConstraint(ranges.join(', '))
        if (typeof parsed === 'string') return
        const printed = printConstraint(parsed)
        assert.deepEqual(parseConstraint(printed), parsed)
        assert.deepEqual(parseConstraint([...ranges].reverse().join(',')), parsed)
      }),
      { numRuns: 2000 },
    )
  })

  test('merging changes nothing for releases', () => {
    fc.assert(
      fc.property(union, release, (ranges, raw) => {
        const alone = ranges.map(parseConstraint)
        if (alone.some((one) => typeof one === 'string')) return
        const isTaken = alone.some((one) => satisfies(one as Constraint, version(raw)))
        assert.equal(satisfies(constraint(ranges.join(',')), version(raw)), isTaken)
      }),
      { numRuns: 2000 },
    )
  })

  test('ranges that are kept apart have something between them', () => {
    fc.assert(
      fc.property(union, (ranges) => {
        const parsed = parseConstraint(ranges.join(','))
        if (typeof parsed === 'string') return
        for (const at of parsed.keys()) assertApart(parsed[at], parsed[at + 1])
      }),
      { numRuns: 2000 },
    )
  })

  test('any text is read or refused, quickly', () => {
    const alphabet = fc.constantFrom(
      '>',
      '<',
      '=',
      '!',
      '^',
      '~',
      ',',
      ' ',
      '.',
      '-',
      '1',
      '0',
      'any',
    )
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 60 }), (parts) => {
        const parsed = parseConstraint(parts.join(''))
        if (typeof parsed === 'string') assert.ok(parsed.length > 0)
        else assert.deepEqual(parseConstraint(printConstraint(parsed)), parsed)
      }),
      { numRuns: 5000 },
    )
  })
})

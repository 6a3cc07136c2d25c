import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RegistryError } from '#core/errors.ts'
import { describe, test } from '#runtime/test.ts'
import { parseAdvisory } from './advisory-document.ts'

const range = { type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.0' }] }
const about = { package: { ecosystem: 'OCI', name: 'acme/web' }, ranges: [range] }
const good = { id: 'GHSA-aaaa-bbbb-cccc', modified: '2026-01-01T00:00:00Z', affected: [about] }
const inEvents = (...events: object[]) => ({
  affected: [{ ...about, ranges: [{ ...range, events }] }],
})
const named = (ecosystem: string) => ({
  affected: [{ ...about, package: { ecosystem, name: 'x' } }],
})

describe('a document of OSV', () => {
  const GOOD: readonly object[] = [
    {},
    ...['Ori', 'elba', 'Gren', 'PureScript', 'npm', 'crates.io', 'Debian:12', 'GIT'].map(named),
    ...['CVE-2026-1234', 'x_acme-1', 'ORISA-2026-0001', 'RUSTSEC-2026-0001'].map((id) => ({ id })),
    inEvents({ introduced: '1.0.0' }, { last_affected: '2.0.0' }),
    { severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }] },
    {
      severity: [
        {
          type: 'CVSS_V4',
          score: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N',
        },
      ],
    },
    { aliases: ['CVE-2026-1'], references: [{ type: 'FIX', url: 'https://example.org/x' }] },
    { credits: [{ name: 'Ann', type: 'FINDER', contact: ['mailto:ann@example.org'] }] },
    { withdrawn: null, database_specific: { any: [1] } },
  ]
  for (const more of GOOD) {
    test(`takes ${JSON.stringify(more).slice(0, 70)}`, () => {
      parseAdvisory({ ...good, ...more })
    })
  }

  const BAD: ReadonlyArray<readonly [more: object, path: string]> = [
    [{ id: 'ACME-1' }, 'id'],
    [{ id: 'GHSA-../../x' }, 'id'],
    [{ id: 'GHSA-' }, 'id'],
    [{ modified: 'yesterday' }, 'modified'],
    [{ modified: '2026-01-01T00:00:00+02:00' }, 'modified'],
    [{ extra: 1 }, ''],
    [{ affected: [] }, 'affected'],
    [{ affected: [{ package: about.package }] }, 'affected.0'],
    [named('Elm'), 'affected.0.package.ecosystem'],
    [named('ori'), 'affected.0.package.ecosystem'],
    [named('Ori:1'), 'affected.0.package.ecosystem'],
    [named('Debian:'), 'affected.0.package.ecosystem'],
    [inEvents(), 'affected.0.ranges.0.events'],
    [inEvents({ fixed: '1.0.0' }), 'affected.0.ranges.0'],
    [inEvents({ introduced: '0', fixed: '1.0.0' }), 'affected.0.ranges.0.events.0'],
    [inEvents({ introduced: '0' }, {}), 'affected.0.ranges.0.events.1'],
    [
      inEvents({ introduced: '0' }, { fixed: '1.0.0' }, { last_affected: '2.0.0' }),
      'affected.0.ranges.0',
    ],
    [{ affected: [{ ...about, ranges: [{ ...range, type: 'GIT' }] }] }, 'affected.0.ranges.0'],
    [{ severity: [{ type: 'CVSS_V3', score: '9.8' }] }, 'severity.0'],
    [{ references: [{ type: 'WEB', url: 'javascript:alert(1)' }] }, 'references.0.url'],
    [{ summary: 'a\0b' }, 'summary'],
  ]
  for (const [more, path] of BAD) {
    test(`refuses ${JSON.stringify(more).slice(0, 70)}`, () => {
      assert.throws(
        () => parseAdvisory({ ...good, ...more }),
        (error) => {
          assert.ok(error instanceof RegistryError && error.code === 'unprocessable')
          const errors = error.details.errors as ReadonlyArray<{ path: string }>
          assert.ok(
            errors.some((one) => one.path === path),
            JSON.stringify(errors),
          )
          return true
        },
      )
    })
  }

  test('anything else is refused in the same way', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (raw) => {
        assert.throws(
          () => parseAdvisory(raw),
          (error) => error instanceof RegistryError && error.code === 'unprocessable',
        )
      }),
    )
  })
})

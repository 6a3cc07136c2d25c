import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import type { AdvisoryDocument } from './advisory-document.ts'
import { affects } from './affects.ts'

type Range = NonNullable<AdvisoryDocument['affected'][number]['ranges']>[number]
type Events = Range['events']

const compare = (a: string, b: string) => {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  const at = left.findIndex((part, n) => part !== right[n])
  return at === -1 ? 0 : (left[at] ?? 0) - (right[at] ?? 0)
}

function documentOf(affected: object, more: object = {}): AdvisoryDocument {
  const about = { package: { ecosystem: 'Ori', name: '@acme/json' } }
  return {
    schema_version: '1.7.5',
    id: 'ORISA-2026-0001',
    modified: '2026-01-01T00:00:00Z',
    affected: [{ ...about, ...affected }],
    ...more,
  }
}

const hits = (
  document: AdvisoryDocument,
  version: string,
  name = '@acme/json',
  ecosystem = 'ori',
) => affects(document, { ecosystem, name, version }, compare)

describe('affects', () => {
  const CASES: ReadonlyArray<readonly [what: string, events: Events, yes: string, no: string]> = [
    ['from the start', [{ introduced: '0' }], '0.0.0 1.2.3', ''],
    ['until fixed', [{ introduced: '0' }, { fixed: '1.2.0' }], '0.0.0 1.1.9', '1.2.0 1.2.1 2.0.0'],
    ['from a version', [{ introduced: '1.0.0' }], '1.0.0 9.0.0', '0.9.9'],
    [
      'until the last',
      [{ introduced: '1.0.0' }, { last_affected: '1.5.0' }],
      '1.0.0 1.5.0',
      '0.9.0 1.5.1',
    ],
    [
      'twice, in any order',
      [{ fixed: '2.3.0' }, { introduced: '2.0.0' }, { fixed: '1.1.0' }, { introduced: '1.0.0' }],
      '1.0.0 1.0.9 2.0.0 2.2.9',
      '0.1.0 1.1.0 1.9.0 2.3.0 3.0.0',
    ],
    ['below a limit', [{ introduced: '1.0.0' }, { limit: '1.5.0' }], '1.0.0 1.4.9', '1.5.0 2.0.0'],
    ['without a limit', [{ introduced: '1.0.0' }, { limit: '*' }], '1.0.0 9.0.0', '0.1.0'],
  ]
  for (const [what, events, yes, no] of CASES) {
    test(what, () => {
      for (const type of ['SEMVER', 'ECOSYSTEM'] as const) {
        const document = documentOf({ ranges: [{ type, events }] })
        for (const one of yes.split(' ')) assert.equal(hits(document, one), true, one)
        for (const one of no.split(' ').filter(Boolean)) {
          assert.equal(hits(document, one), false, one)
        }
      }
    })
  }

  test('exact versions, other packages, other ecosystems, withdrawn', () => {
    const document = documentOf({ versions: ['1.0.0'] })
    assert.equal(hits(document, '1.0.0'), true)
    assert.equal(hits(document, '1.0.1'), false)
    assert.equal(hits(document, '1.0.0', '@acme/xml'), false)
    assert.equal(hits(document, '1.0.0', '@acme/json', 'oci'), false)
    const withdrawn = documentOf({ versions: ['1.0.0'] }, { withdrawn: '2026-01-02T00:00:00Z' })
    assert.equal(hits(withdrawn, '1.0.0'), false)
  })

  test('commits are no versions', () => {
    const range = { type: 'GIT', repo: 'https://x.example/y', events: [{ introduced: '0' }] }
    assert.equal(hits(documentOf({ ranges: [range] }), '1.0.0'), false)
  })
})

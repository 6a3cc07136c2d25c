import type { Sample } from './load.ts'
import { lanes, titles } from './scenarios.ts'
import { median } from './statistics.ts'

/** Samples by scenario and lane, one per round. */
export type Results = ReadonlyMap<string, ReadonlyMap<string, readonly Sample[]>>

/** How one requirement came out. */
export interface Verdict {
  readonly requirement: string
  readonly limit: string
  /** Median of the per-round ratios; undefined when a side was not measured. */
  readonly ratio: number | undefined
  readonly verdict: 'PASS' | 'MISS' | 'NOT MEASURED'
}

interface Requirement {
  readonly text: string
  readonly scenario: string
  readonly above: string
  readonly below: string
  readonly figure: (sample: Sample) => number
  readonly limit: { readonly atLeast: number } | { readonly atMost: number }
}

const speed = (sample: Sample) => sample.perSecond
const cpu = (sample: Sample) => sample.cpuMicrosPerRequest

const requirements: readonly Requirement[] = [
  ...[lanes.anonymous, lanes.bearer].flatMap((ours): Requirement[] => [
    {
      text: `manifest by tag: requests/s, ${ours} ÷ docker-registry`,
      scenario: titles.manifest,
      ...{ above: ours, below: lanes.dockerRegistry, figure: speed },
      limit: { atLeast: 30 },
    },
    {
      text: `manifest by tag: CPU per request, ${ours} ÷ nginx static`,
      scenario: titles.manifest,
      ...{ above: ours, below: lanes.nginx, figure: cpu },
      limit: { atMost: 2 },
    },
    {
      text: `1 MB blob: requests/s, ${ours} ÷ docker-registry`,
      scenario: titles.blob,
      ...{ above: ours, below: lanes.dockerRegistry, figure: speed },
      limit: { atLeast: 3 },
    },
  ]),
  {
    text: `10 KB blob push, 16 clients: pushes/s, ${lanes.bearer} ÷ docker-registry`,
    scenario: titles.push,
    ...{ above: lanes.bearer, below: lanes.dockerRegistry, figure: speed },
    limit: { atLeast: 5 },
  },
  {
    text: 'manifest among many: requests/s, the first ÷ the last',
    scenario: titles.depth,
    ...{ above: lanes.first, below: lanes.last, figure: speed },
    limit: { atMost: 1.2 },
  },
  {
    text: 'manifest among many: requests/s, random of the first 10,000 ÷ of the last 10,000',
    scenario: titles.depth,
    ...{ above: lanes.firstOnes, below: lanes.lastOnes, figure: speed },
    limit: { atMost: 1.2 },
  },
]

/** Holds every requirement against what was measured. */
export function judge(results: Results): readonly Verdict[] {
  return requirements.map(({ text, scenario, above, below, figure, limit }) => {
    const samples = results.get(scenario)
    const ratio = ratioOf(samples?.get(above), samples?.get(below), figure)
    const met =
      'atLeast' in limit ? (r: number) => r >= limit.atLeast : (r: number) => r <= limit.atMost
    return {
      requirement: text,
      limit: 'atLeast' in limit ? `≥ ${limit.atLeast}` : `≤ ${limit.atMost}`,
      ratio,
      verdict: ratio === undefined ? 'NOT MEASURED' : met(ratio) ? 'PASS' : 'MISS',
    }
  })
}

/** Median of the ratios of each round, so that a slow moment of the machine hits both sides. */
export function ratioOf(
  above: readonly Sample[] | undefined,
  below: readonly Sample[] | undefined,
  figure: (sample: Sample) => number,
): number | undefined {
  if (!above?.length || !below?.length) return undefined
  return median(
    above.flatMap((sample, round) => {
      const other = below[round]
      return other ? [figure(sample) / figure(other)] : []
    }),
  )
}

import { lanes, titles } from './lanes.ts'
import type { Sample } from './load.ts'
import { median } from './statistics.ts'

/** Samples by scenario and lane, one per round. */
export type Results = ReadonlyMap<string, ReadonlyMap<string, readonly Sample[]>>

/** How one requirement came out. */
export interface Verdict {
  readonly requirement: string
  readonly limit: string
  /** Median of the per-round ratios, or of the figure; undefined when a side was not measured. */
  readonly measured: number | undefined
  readonly verdict: 'PASS' | 'MISS' | 'NOT MEASURED'
}

interface Requirement {
  readonly text: string
  readonly scenario: string
  readonly above: string
  /** Without it the figure itself is judged, not a ratio. */
  readonly below?: string
  readonly figure: (sample: Sample) => number
  readonly limit: { readonly atLeast: number } | { readonly atMost: number }
}

const speed = (sample: Sample) => sample.perSecond
const cpu = (sample: Sample) => sample.cpuMicrosPerRequest
const middle = (sample: Sample) => sample.p50Ms

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
  ...[lanes.beforeSeed, lanes.afterSeed].map(
    (ours): Requirement => ({
      text: `Ori list of 200 versions: CPU per request, ${ours} ÷ nginx static`,
      scenario: titles.oriVersions,
      ...{ above: ours, below: lanes.nginx, figure: cpu },
      limit: { atMost: 2 },
    }),
  ),
  {
    text: 'Ori list of 200 versions: CPU per request, published after ÷ before the many',
    scenario: titles.oriVersions,
    ...{ above: lanes.afterSeed, below: lanes.beforeSeed, figure: cpu },
    limit: { atMost: 1.2 },
  },
  {
    text: 'Ori archive of 1 MB: requests/s, entrepot ÷ docker-registry (blob of that size)',
    scenario: titles.oriDownload,
    ...{ above: lanes.ours, below: lanes.dockerRegistry, figure: speed },
    limit: { atLeast: 3 },
  },
  {
    text: 'Ori publish of 10 KB, 16 clients: publishes/s',
    scenario: titles.oriPublish,
    ...{ above: lanes.ours, figure: speed },
    limit: { atLeast: 300 },
  },
  ...[titles.versions, titles.latest].map(
    (title): Requirement => ({
      text: `${title}: CPU per request, entrepot ÷ nginx static`,
      scenario: title,
      ...{ above: lanes.ours, below: lanes.nginx, figure: cpu },
      limit: { atMost: 2 },
    }),
  ),
  {
    text: 'Gren bundle of 122 KB: requests/s, entrepot ÷ docker-registry (blob of that size)',
    scenario: titles.bundle,
    ...{ above: lanes.ours, below: lanes.dockerRegistry, figure: speed },
    limit: { atLeast: 3 },
  },
  {
    text: 'git ls-remote of a Gren package of 200 versions: p50 in ms',
    scenario: titles.grenTags,
    ...{ above: lanes.ours, figure: middle },
    limit: { atMost: 30 },
  },
  {
    text: 'git clone --depth 1 of a Gren package of 200 versions: p50 in ms',
    scenario: titles.grenClone,
    ...{ above: lanes.someVersions, figure: middle },
    limit: { atMost: 150 },
  },
  {
    text: 'git clone --depth 1: p50, of 1,000 versions ÷ of 200',
    scenario: titles.grenClone,
    ...{ above: lanes.manyVersions, below: lanes.someVersions, figure: middle },
    limit: { atMost: 1.2 },
  },
  {
    text: 'elba index file of 20 versions: CPU per request, entrepot ÷ nginx static',
    scenario: titles.elbaFile,
    ...{ above: lanes.ours, below: lanes.nginx, figure: cpu },
    limit: { atMost: 1.5 },
  },
]

/** Holds every requirement against what was measured. */
export function judge(results: Results): readonly Verdict[] {
  return requirements.map(({ text, scenario, above, below, figure, limit }) => {
    const samples = results.get(scenario)
    const measured =
      below === undefined
        ? medianOf(samples?.get(above), figure)
        : ratioOf(samples?.get(above), samples?.get(below), figure)
    const met =
      'atLeast' in limit ? (r: number) => r >= limit.atLeast : (r: number) => r <= limit.atMost
    return {
      requirement: text,
      limit: 'atLeast' in limit ? `≥ ${limit.atLeast}` : `≤ ${limit.atMost}`,
      measured,
      verdict: measured === undefined ? 'NOT MEASURED' : met(measured) ? 'PASS' : 'MISS',
    }
  })
}

function medianOf(
  samples: readonly Sample[] | undefined,
  figure: (sample: Sample) => number,
): number | undefined {
  return samples?.length ? median(samples.map(figure)) : undefined
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

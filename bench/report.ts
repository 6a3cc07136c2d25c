import { lanes } from './lanes.ts'
import type { Sample } from './load.ts'
import type { Facts } from './machine.ts'
import { type Results, ratioOf, type Verdict } from './requirements.ts'
import { median } from './statistics.ts'

/** All that a run found out. */
export interface Report {
  readonly facts: Facts
  readonly results: Results
  readonly verdicts: readonly Verdict[]
  readonly rounds: number
  readonly seconds: number
  /** What was skipped, and what makes the figures doubtful. */
  readonly warnings: readonly string[]
}

/** The report as Markdown, to be pasted into docs/performance.md. */
export function toMarkdown(report: Report): string {
  const verdicts = report.verdicts.map((v) => [
    v.requirement,
    v.limit,
    figure(v.measured),
    v.verdict,
  ])
  return [
    ...report.warnings.map((warning) => `> **${warning}**\n`),
    table(['machine', ''], Object.entries(report.facts)),
    method(report),
    table(
      [
        ...['what', 'server', 'requests/s', 'min – max', 'CPU µs/request', 'p50 ms', 'p99 ms'],
        ...['server core', 'load core', 'speed ÷ docker-registry', 'CPU ÷ nginx'],
      ],
      [...report.results].flatMap(([title, byLane]) => rowsOf(title, byLane)),
    ),
    table(['requirement', 'limit', 'measured', 'verdict'], verdicts),
  ].join('\n')
}

/** The report as JSON, with every sample. */
export function toJson(report: Report): string {
  const results = Object.fromEntries(
    [...report.results].map(([title, byLane]) => [title, Object.fromEntries(byLane)]),
  )
  return JSON.stringify({ ...report, results }, null, 2)
}

function method({ rounds, seconds }: Report): string {
  return `All servers ran at once and were loaded one after the other, round by round: ${rounds} rounds of \
${seconds} s each after a discarded warm-up round. Figures are medians over rounds; ratios are medians of \
the ratios of each round. Every server was bound to one core and its load to another (taskset only: \
GOMAXPROCS is left alone, and Go counts the cores it is bound to); nginx has one worker, sendfile, no access log and no \
open_file_cache. CPU is user and system time of all the server's processes and threads, from \
/proc/PID/stat. Manifests are read by 16 connections and blobs by 8 (wrk), with the headers of \
containerd; pushes come from 16 clients that each wait for their answer. Where the load core is at \
100 % and the server core is not, the load generator is the limit and the speed marked “≥” is only a \
lower bound of what the server can do: compare its CPU instead.
`
}

function rowsOf(title: string, byLane: ReadonlyMap<string, readonly Sample[]>): string[][] {
  const speed = (sample: Sample) => sample.perSecond
  const cpu = (sample: Sample) => sample.cpuMicrosPerRequest
  return [...byLane].map(([lane, samples]) => {
    const middle = (of: (sample: Sample) => number) => median(samples.map(of))
    const speeds = samples.map(speed)
    const bound = middle((s) => s.loadBusy) > 0.95 && middle((s) => s.serverBusy) < 0.95
    return [
      title,
      lane,
      `${bound ? '≥ ' : ''}${figure(middle(speed))}`,
      `${figure(Math.min(...speeds))} – ${figure(Math.max(...speeds))}`,
      figure(middle(cpu)),
      figure(middle((s) => s.p50Ms)),
      figure(middle((s) => s.p99Ms)),
      percent(middle((s) => s.serverBusy)),
      percent(middle((s) => s.loadBusy)),
      figure(ratioOf(samples, byLane.get(lanes.dockerRegistry), speed)),
      figure(ratioOf(samples, byLane.get(lanes.nginx), cpu)),
    ]
  })
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}

function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

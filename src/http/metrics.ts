import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { App } from '#core/app.ts'
import { reclaimableBytes } from '#core/blobs/reclaimable.ts'
import { jobCounts } from '#core/jobs/job-counts.ts'
import { logProgress } from '#core/log/log-progress.ts'
import type { DeliveryOutcome } from '#core/webhooks/deliver-job.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { ProtocolCounts } from './protocol-counts.ts'
import type { Traffic } from './traffic.ts'

/** Connections of a pooled database. */
export interface PoolCounts {
  readonly total: number
  readonly idle: number
  readonly waiting: number
}

/** What metrics tell of, beyond what they count themselves. */
interface Subjects {
  readonly app: App
  readonly traffic: Traffic
  readonly pool?: (() => PoolCounts) | undefined
}

/** What a collection did. */
interface CollectedGarbage {
  readonly reclaimedBytes: number
  readonly isComplete: boolean
}

const SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
]

/** Counts what the server does, and renders it for Prometheus. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #protocols = new Map<string, ProtocolCounts>()
  readonly #seconds: Histogram<'protocol'>
  readonly #deliveries: Counter<'outcome'>
  readonly #app: App
  readonly #askDatabase: () => Promise<void>
  #collected = { at: 0, bytes: 0, runs: 0 }

  constructor({ app, traffic, pool }: Subjects) {
    this.#app = app
    const registers = [this.#registry]
    this.#seconds = new Histogram({
      name: 'entrepot_http_request_seconds',
      help: 'Time until an answer began; answers from memory are not in it.',
      labelNames: ['protocol'],
      buckets: SECONDS,
      registers,
    })
    this.#deliveries = new Counter({
      name: 'entrepot_webhook_deliveries_total',
      help: 'Tries of this process to deliver to webhooks; dead: the last one, and in vain.',
      labelNames: ['outcome'],
      registers,
    })
    addRequestMetrics(this.#registry, this.#protocols)
    addCacheMetrics(this.#registry, app)
    addTrafficMetrics(this.#registry, traffic)
    if (pool) addPoolMetrics(this.#registry, pool)
    this.#addCollectionMetrics()
    this.#askDatabase = addDatabaseMetrics(this.#registry, app)
    addProcessMetrics(this.#registry)
  }

  /** The counts of one protocol; those who count ask once and keep it. */
  protocol(id: string): ProtocolCounts {
    const counts = this.#protocols.get(id) ?? new ProtocolCounts()
    this.#protocols.set(id, counts)
    return counts
  }

  /** Notes how long an answer took to begin. */
  observe(protocol: string, seconds: number): void {
    this.#seconds.observe({ protocol }, seconds)
  }

  /** Notes a try to deliver to a webhook; give it to `deliverWebhookJob`. */
  noteDelivery(outcome: DeliveryOutcome): void {
    this.#deliveries.inc({ outcome })
  }

  /** Notes a collection of this process; give it to `collectJob`. */
  noteCollection({ reclaimedBytes, isComplete }: CollectedGarbage): void {
    const { bytes, runs, at } = this.#collected
    const endedAt = isComplete ? this.#app.clock().getTime() / 1000 : at
    this.#collected = { at: endedAt, bytes: bytes + reclaimedBytes, runs: runs + 1 }
  }

  /** Everything as text, and the content type of that. */
  async render(): Promise<{ text: string; contentType: string }> {
    await this.#askDatabase()
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType }
  }

  #addCollectionMetrics(): void {
    const add = (name: string, help: string, value: () => number) =>
      addGauge(this.#registry, `entrepot_gc_${name}`, help, value)
    add(
      'last_run_timestamp_seconds',
      'End of this process’ last whole collection; 0: none.',
      () => {
        return this.#collected.at
      },
    )
    add('runs', 'Collections since this process started.', () => this.#collected.runs)
    add('reclaimed_bytes', 'Bytes they took.', () => this.#collected.bytes)
  }
}

function addGauge(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value())
    },
  })
}

function addRequestMetrics(registry: Registry, protocols: ReadonlyMap<string, ProtocolCounts>) {
  const registers = [registry]
  new Counter({
    name: 'entrepot_http_requests_total',
    help: 'Requests, by protocol, method and class of status.',
    labelNames: ['protocol', 'method', 'status'],
    registers,
    collect() {
      this.reset()
      for (const [protocol, { requests, hot }] of protocols) {
        for (const [key, count] of requests) {
          const [method = '', status = ''] = key.split(' ')
          this.inc({ protocol, method, status }, count)
        }
        this.inc({ protocol, method: 'GET', status: '2xx' }, hot.get)
        this.inc({ protocol, method: 'HEAD', status: '2xx' }, hot.head)
        this.inc({ protocol, method: 'GET', status: '3xx' }, hot.notModified)
      }
    },
  })
  const add = (name: string, help: string, value: (counts: ProtocolCounts) => number) =>
    new Counter({
      name: `entrepot_${name}_total`,
      help,
      labelNames: ['protocol'],
      registers,
      collect() {
        this.reset()
        for (const [protocol, counts] of protocols) this.inc({ protocol }, value(counts))
      },
    })
  add('http_received_bytes', 'Bytes of request bodies.', (counts) => counts.bytesIn)
  add(
    'http_sent_bytes',
    'Bytes of bodies of answers, before they are sent; as far as announced.',
    (counts) => {
      return counts.bytesOut + counts.hot.bytes
    },
  )
  add('hot_hits', 'Reads answered from memory.', ({ hot }) => hot.get + hot.head + hot.notModified)
  add('hot_misses', 'Reads that were answered from memory for the next one.', (counts) => {
    return counts.hotMisses
  })
}

function addCacheMetrics(registry: Registry, { cache }: App): void {
  const help = 'What is kept in memory'
  addGauge(registry, 'entrepot_cache_entries', `${help}: entries.`, () => cache.stats.entries)
  addGauge(registry, 'entrepot_cache_bytes', `${help}: bytes.`, () => cache.stats.bytes)
}

function addTrafficMetrics(registry: Registry, traffic: Traffic): void {
  addGauge(registry, 'entrepot_http_requests_in_flight', 'Requests being handled.', () => {
    return traffic.requests
  })
  addGauge(registry, 'entrepot_uploads_in_flight', 'Upload requests being handled.', () => {
    return traffic.uploads
  })
  addGauge(registry, 'entrepot_draining', '1 while the server stops.', () => {
    return traffic.isDraining ? 1 : 0
  })
}

function addPoolMetrics(registry: Registry, pool: () => PoolCounts): void {
  new Gauge({
    name: 'entrepot_database_connections',
    help: 'Pooled database connections, and callers waiting for one.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { total, idle, waiting } = pool()
      this.set({ state: 'busy' }, total - idle)
      this.set({ state: 'idle' }, idle)
      this.set({ state: 'waiting' }, waiting)
    },
  })
}

/**
 * What only the database knows; gives the function that asks it, before everything is rendered.
 * When it does not answer, the other metrics matter all the more.
 */
function addDatabaseMetrics(registry: Registry, app: App): () => Promise<void> {
  const registers = [registry]
  const up = new Gauge({
    name: 'entrepot_database_up',
    help: '1 when the database answered this question.',
    registers,
  })
  const reclaimable = new Gauge({
    name: 'entrepot_gc_reclaimable_bytes',
    help: 'Bytes that no release needed when the last collection ended.',
    registers,
  })
  const logGauge = (name: string, help: string) =>
    new Gauge({ name: `entrepot_log_${name}`, help, registers })
  const logSize = logGauge('entries', 'Entries of the published log.')
  const logWaiting = logGauge('waiting_entries', 'Entries that no checkpoint has yet.')
  const logLag = logGauge('lag_seconds', 'How long the oldest of them waits.')
  const jobs = new Gauge({
    name: 'entrepot_jobs',
    help: 'Jobs by kind and state.',
    labelNames: ['kind', 'state'],
    registers,
  })
  return async () => {
    jobs.reset()
    try {
      for (const { kind, state, count } of await jobCounts(app)) jobs.set({ kind, state }, count)
      reclaimable.set(await reclaimableBytes(app))
      const log = await logProgress(app)
      logSize.set(log.size)
      logWaiting.set(log.waiting)
      logLag.set(log.lagSeconds)
      up.set(1)
    } catch (error) {
      app.log.warn({ err: error }, 'metrics: the database does not answer')
      up.set(0)
    }
  }
}

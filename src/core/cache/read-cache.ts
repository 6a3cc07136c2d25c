import type { ChangeSignal } from '#core/db/dialect.ts'

interface Entry {
  readonly value: unknown
  readonly topics: readonly string[]
  readonly bytes: number
}

/** Where a load began: what is stored later is refused when anything changed in between. */
export type Epoch = number

/** What a value costs in memory, and when its load began. */
interface Loaded {
  readonly epoch: Epoch
  readonly bytes: number
}

const ENTRY_OVERHEAD_BYTES = 300
const PLAIN_VALUE_BYTES = 500
const MAX_REMEMBERED_DROPS = 10_000

/**
 * What was read or rendered from the database, kept until its topic changes: in this process by
 * the verb, in others by the database's change signal. The oldest entries leave first.
 */
export class ReadCache {
  readonly #signal: ChangeSignal
  readonly #maxBytes: number
  readonly #entries = new Map<string, Entry>()
  readonly #byTopic = new Map<string, Set<string>>()
  /** When a topic last changed, for loads under way; what is older than the floor is forgotten. */
  readonly #lastDrop = new Map<string, Epoch>()
  #floor: Epoch = 0
  #bytes = 0
  #epoch: Epoch = 0

  constructor(signal: ChangeSignal, maxBytes: number) {
    this.#signal = signal
    this.#maxBytes = maxBytes
  }

  /** Takes in what other processes changed. Call before reading; answers where a load may begin. */
  begin(): Epoch {
    const changed = this.#signal.poll()
    if (changed === 'all') this.clear()
    else if (changed.length > 0) this.drop(changed)
    return this.#epoch
  }

  /** What is kept under `key`; call `begin` first. */
  get(key: string): unknown {
    if (!this.#signal.isTrusted) return undefined
    return this.#entries.get(key)?.value
  }

  /** Keeps a value, unless one of its topics changed since its load began or changes may be missed. */
  set(key: string, value: unknown, topics: readonly string[], loaded: Loaded): void {
    if (!this.#signal.isTrusted || this.#isStale(topics, loaded.epoch)) return
    const bytes = loaded.bytes + key.length * 2 + ENTRY_OVERHEAD_BYTES
    if (bytes > this.#maxBytes / 8) return
    this.#remove(key)
    this.#entries.set(key, { value, topics, bytes })
    this.#bytes += bytes
    for (const topic of topics) {
      const keys = this.#byTopic.get(topic)
      if (keys) keys.add(key)
      else this.#byTopic.set(topic, new Set([key]))
    }
    this.#shrink()
  }

  /** Reads through the cache: `load` runs only when nothing is kept. `undefined` is never kept. */
  async through<T>(
    key: string,
    load: () => Promise<{ value: T; topics: readonly string[] }>,
  ): Promise<T> {
    const epoch = this.begin()
    const kept = this.get(key)
    if (kept !== undefined) return kept as T
    const { value, topics } = await load()
    if (value !== undefined) this.set(key, value, topics, { epoch, bytes: PLAIN_VALUE_BYTES })
    return value
  }

  /** Forgets everything under these topics. */
  drop(topics: Iterable<string>): void {
    for (const topic of topics) {
      this.#lastDrop.set(topic, ++this.#epoch)
      const keys = this.#byTopic.get(topic)
      if (keys) for (const key of [...keys]) this.#remove(key)
    }
    if (this.#lastDrop.size > MAX_REMEMBERED_DROPS) this.#forgetDrops()
  }

  /** Forgets everything. */
  clear(): void {
    this.#epoch++
    this.#forgetDrops()
    this.#entries.clear()
    this.#byTopic.clear()
    this.#bytes = 0
  }

  get stats(): { entries: number; bytes: number } {
    return { entries: this.#entries.size, bytes: this.#bytes }
  }

  #isStale(topics: readonly string[], since: Epoch): boolean {
    if (since < this.#floor) return true
    return topics.some((topic) => (this.#lastDrop.get(topic) ?? 0) > since)
  }

  #forgetDrops(): void {
    this.#lastDrop.clear()
    this.#floor = this.#epoch
  }

  #shrink(): void {
    // A hit does not move an entry: that would cost every read for a rare benefit.
    for (const key of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#remove(key)
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#bytes -= entry.bytes
    for (const topic of entry.topics) {
      const keys = this.#byTopic.get(topic)
      keys?.delete(key)
      if (keys?.size === 0) this.#byTopic.delete(topic)
    }
  }
}

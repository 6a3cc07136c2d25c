/** Answers from memory: plain numbers, because counting must cost nanoseconds there. */
export interface HotCounts {
  get: number
  head: number
  notModified: number
  bytes: number
}

/** What was counted of one protocol. */
export class ProtocolCounts {
  readonly hot: HotCounts = { get: 0, head: 0, notModified: 0, bytes: 0 }
  /** Reads that could have been in memory and were not. */
  hotMisses = 0
  bytesIn = 0
  bytesOut = 0
  /** Requests that were not answered from memory, by `<method> <status class>`. */
  readonly requests = new Map<string, number>()

  /** Counts a request that was handled. */
  add(method: string, status: number): void {
    const key = `${METHODS.has(method) ? method : 'other'} ${Math.floor(status / 100)}xx`
    this.requests.set(key, (this.requests.get(key) ?? 0) + 1)
  }
}

/** Others are made up by clients, and every label costs memory. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

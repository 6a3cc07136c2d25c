/** Ends an exchange in which nothing is heard for too long. */
export class Silence {
  readonly #maxMs: number
  readonly #abort = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(maxMs: number) {
    this.#maxMs = maxMs
    this.hear()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Says that something was heard. */
  hear(): void {
    clearTimeout(this.#timer)
    if (this.#abort.signal.aborted) return
    this.#timer = setTimeout(() => this.end(), this.#maxMs)
  }

  /** The exchange is over; an upload that nobody wants any more stops with it. */
  end(): void {
    clearTimeout(this.#timer)
    this.#abort.abort()
  }
}

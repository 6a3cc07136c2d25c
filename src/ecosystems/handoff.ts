import type { Hash } from 'node:crypto'

/**
 * Lets two read one body, the slower setting the pace: who passes it on waits until the other took
 * each chunk. When the other stops early, the body goes on without.
 */
export class Handoff implements AsyncIterable<Uint8Array> {
  #chunk: Uint8Array | undefined
  #failure: { readonly thrown: unknown } | undefined
  #isEnded = false
  #wakeTaker: () => void = () => {}
  #wakeGiver: () => void = () => {}

  /** The body as it came, hashed and handed over on the way. */
  async *passing(body: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body) {
        hash.update(chunk)
        await this.#give(chunk)
        yield chunk
      }
    } catch (thrown) {
      this.#failure = { thrown }
      throw thrown
    } finally {
      this.close()
    }
  }

  /** No more comes, or no more is wanted. */
  close(): void {
    this.#isEnded = true
    this.#wakeTaker()
    this.#wakeGiver()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        while (this.#chunk === undefined && !this.#isEnded) {
          await new Promise<void>((resolve) => {
            this.#wakeTaker = resolve
          })
        }
        if (this.#failure) throw this.#failure.thrown
        const chunk = this.#chunk
        if (chunk === undefined) return
        yield chunk
        // Only now: it was read, and its bytes may be used again.
        this.#chunk = undefined
        this.#wakeGiver()
      }
    } finally {
      this.close()
    }
  }

  async #give(chunk: Uint8Array): Promise<void> {
    if (this.#isEnded) return
    this.#chunk = chunk
    this.#wakeTaker()
    while (this.#chunk !== undefined && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wakeGiver = resolve
      })
    }
  }
}

import { RegistryError } from '#core/errors.ts'

/** Every upload under way holds one: larger is not faster, and hundreds of slow senders add up. */
const BATCH_BYTES = 256 * 1024

/** How a body ended, known once its batches are used up. */
export interface BodyEnd {
  /** Why it ended early; undefined when it did not. */
  failure?: unknown
}

/**
 * Small chunks of a body gathered into large writes. A batch is valid until the next one is asked
 * for. A body that throws just ends, and says so in `end`; a body of more than `maxBytes` throws.
 */
export async function* inBatches(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  end: BodyEnd,
): AsyncGenerator<Uint8Array> {
  let total = 0
  let held: Uint8Array | undefined
  let buffer: Buffer | undefined
  for await (const chunk of untilFailure(body, end)) {
    total += chunk.length
    if (total > maxBytes) throw new RegistryError('too_large', `longer than ${maxBytes} bytes`)
    if (held && held.length + chunk.length > BATCH_BYTES) {
      yield held
      held = undefined
    }
    if (held) {
      buffer ??= Buffer.allocUnsafeSlow(BATCH_BYTES)
      if (held.buffer !== buffer.buffer) buffer.set(held)
      buffer.set(chunk, held.length)
      held = buffer.subarray(0, held.length + chunk.length)
    } else if (chunk.length > 0) {
      // Not copied: a small body is one chunk, and a huge chunk needs no gathering.
      held = chunk
    }
  }
  if (held) yield held
}

async function* untilFailure(
  body: AsyncIterable<Uint8Array>,
  end: BodyEnd,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    end.failure = error ?? new Error('the body ended early')
  }
}

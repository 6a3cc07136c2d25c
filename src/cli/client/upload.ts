const CHUNK_BYTES = 64 * 1024

/** Hears how many bytes of an upload are on their way: some MB before they arrive. */
export type OnUpload = (done: number, total: number) => void

/**
 * Bytes as a stream that is made while it is sent: who sends them in one piece hears nothing until all
 * are gone. It can be read once, so each attempt needs its own.
 */
export function uploadStream(
  bytes: Uint8Array<ArrayBuffer>,
  onUpload: OnUpload,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const total = bytes.byteLength
  let done = 0
  return new ReadableStream(
    {
      pull(controller) {
        const chunk = bytes.subarray(done, done + CHUNK_BYTES)
        done += chunk.byteLength
        if (chunk.byteLength > 0) controller.enqueue(chunk)
        onUpload(done, total)
        if (done === total) controller.close()
      },
    },
    // Nothing is taken before it is wanted.
    { highWaterMark: 0 },
  )
}

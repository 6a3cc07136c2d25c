/** Writes to one stream end in their order, so the last one says that all are out. */
const lastWrites = new Map<NodeJS.WriteStream, Promise<void>>()

/** A reader that has seen enough (`entrepot user list | head -1`) is no failure. */
export function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

/** Writes to stdout, which is for results alone. */
export function writeOut(text: string): void {
  lastWrites.set(process.stdout, write(process.stdout, text))
}

/** Writes to stderr: everything that is no result. */
export function writeError(text: string): void {
  lastWrites.set(process.stderr, write(process.stderr, text))
}

/** Ends the process once all of this is out, whatever else still waits for something. */
export async function exitWhenWritten(code: number): Promise<void> {
  await Promise.all(lastWrites.values())
  process.exit(code)
}

/** Ends the process with exit code 1 at the first error that nobody caught, after telling of it. */
export function exitOnCrash(tell: (error: unknown) => void): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.removeAllListeners(event)
    process.on(event, (error: unknown) => {
      tell(error)
      process.exit(1)
    })
  }
}

/**
 * Resolves when it is out, or never will be. An empty write does not wait for those before it on
 * Bun, and ending the stream would end it for whoever shares it.
 */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (text === '') return lastWrites.get(stream) ?? Promise.resolve()
  return new Promise((resolve) => {
    stream.write(text, () => resolve())
  })
}

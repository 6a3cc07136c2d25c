/** A reader that has seen enough (`entrepot user list | head -1`) is no failure. */
export function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

/** Ends the process once everything it wrote is out, whatever else still waits for something. */
export async function exitWhenWritten(code: number): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(written))
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

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve()
    else stream.write('', () => resolve())
  })
}

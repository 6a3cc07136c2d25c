import { constants } from 'node:os'
import type { Log } from '#core/app.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Waits for the first signal to stop; the second one ends the process where it is. */
export function untilStopped(log: Log): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (isStopping) {
          log.warn({ signal }, 'stopping at once')
          process.exit(128 + constants.signals[signal])
        }
        isStopping = true
        resolve(signal)
      })
    }
  })
}

import type { Config } from '#config.ts'
import type { Log } from '#core/app.ts'
import { writeError } from './stdio.ts'

const RANK = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const

/** The log of a command at the terminal: plain lines on stderr, and at most warnings unless debugging. */
export function stderrLog(level: Config['logLevel']): Log {
  const least = level === 'debug' ? RANK.debug : Math.max(RANK[level], RANK.warn)
  const at = (name: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) => {
    if (RANK[name] < least) return
    writeError(`entrepot: ${name}: ${message}${describe(fields)}\n`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function describe(fields: object): string {
  const parts = Object.entries(fields).map(([key, value]) =>
    value instanceof Error ? value.message : `${key}=${JSON.stringify(value)}`,
  )
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino'
import type { Log } from '#core/app.ts'

/** Fields that may hold secrets, wherever they are: their values never reach the log. */
const SECRETS = ['authorization', 'cookie', 'password', 'secret', 'token']

const STDERR = 2

/** Structured JSON, one line each, on stderr. Writes at once: nothing is lost when the process ends. */
export function pinoLog(
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent',
  stream: DestinationStream = destination({ dest: STDERR, sync: true }),
): Log {
  const logger = pino(
    {
      level,
      // Which machine and process it was, whoever gathers the lines knows better.
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '•••',
      },
    },
    stream,
  )
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  }
}

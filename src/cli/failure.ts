import { ConfigError } from '#config.ts'
import { RegistryError } from '#core/errors.ts'
import { printableLines } from './client/printable.ts'
import { HINTS } from './hints.ts'

/** A failure that the person at the terminal can do something about. */
export class CliError extends Error {
  override readonly name = 'CliError'
  /** What to do next. */
  readonly hint: string

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause })
    this.hint = hint
  }
}

/** A failure as it is printed, and the exit code for it. */
export interface DescribedFailure {
  readonly text: string
  readonly exitCode: number
}

/** Says what went wrong and what to do next; the stack only for those who debug. */
export function describeFailure(error: unknown, isDebug: boolean): DescribedFailure {
  const stack = isDebug && error instanceof Error ? `${error.stack ?? ''}\n` : ''
  if (error instanceof ConfigError) {
    const hint = 'docs/configuration.md and `entrepot --help` say what each setting takes'
    return { text: lines(error.message, hint) + stack, exitCode: 2 }
  }
  const { message, hint } = explain(error)
  return { text: lines(message, hint) + stack, exitCode: 1 }
}

function explain(error: unknown): { message: string; hint: string | undefined } {
  if (error instanceof CliError) return { message: error.message, hint: error.hint }
  if (error instanceof RegistryError) return { message: error.message, hint: HINTS[error.code] }
  const message = error instanceof Error ? error.message : String(error)
  return {
    message: `unexpected error: ${message.split('\n', 1)[0]}`,
    hint: 'ENTREPOT_LOG_LEVEL=debug shows where it comes from',
  }
}

/** A message may quote what a stranger wrote, such as a name in a bundle. */
function lines(message: string, hint: string | undefined): string {
  return `entrepot: ${printableLines(message)}\n${hint === undefined ? '' : `  ${hint}\n`}`
}

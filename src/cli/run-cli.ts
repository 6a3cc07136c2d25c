import { CommanderError } from 'commander'
import { environment } from '#config.ts'
import { describeFailure } from './failure.ts'
import { createProgram } from './program.ts'
import { exitOnCrash, writeError } from './stdio.ts'

/** Wrong usage, for scripts to tell from refusals (1). */
const USAGE = 2

/** Runs one command; answers the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const program = createProgram()
  const tell = (error: unknown) => {
    const level = program.opts<{ logLevel?: string }>().logLevel ?? environment().ENTREPOT_LOG_LEVEL
    const { text, exitCode } = describeFailure(error, level === 'debug')
    writeError(text)
    return exitCode
  }
  exitOnCrash(tell)
  try {
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (!(error instanceof CommanderError)) return tell(error)
    // Commander has said what is wrong; help and version that were asked for are no failure.
    return error.exitCode === 0 ? 0 : USAGE
  }
}

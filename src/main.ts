import { exitWhenWritten, ignoreClosedPipes } from '#cli/exit.ts'
import { runCli } from '#cli/run-cli.ts'

ignoreClosedPipes()
// No top-level await: while it waits, Bun swallows uncaught errors.
void runCli(process.argv.slice(2)).then(exitWhenWritten)

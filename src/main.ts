import { runCli } from '#cli/run-cli.ts'
import { exitWhenWritten, ignoreClosedPipes } from '#cli/stdio.ts'

ignoreClosedPipes()
// No top-level await: while it waits, Bun swallows uncaught errors.
void runCli(process.argv.slice(2)).then(exitWhenWritten)

import type { Command } from 'commander'
import { createProgram } from './program.ts'

const INTRODUCTION = `# Command line

Generated from \`src/cli/\` by \`scripts/docs.ts\`; do not edit.

\`./bin/entrepot\` runs the server and administers its data. Administrative commands work on the data directory and the
database themselves, whether or not a server runs on them; what they change, a running server knows at once.
They take the same settings as the server: see [configuration](configuration.md).

- \`--json\` makes every command print one JSON document.
- Lists are tables on a terminal; elsewhere they are lines with tabs between the values, without headings.
- Errors go to stderr and say what to do next. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or settings.
- Progress is shown on stderr, only when that is a terminal.
`

const WIDTH = 100

/** The page about every command. */
export function cliMarkdown(): string {
  const program = createProgram()
  const sections = leaves(program).map((command) => {
    // The program's own options are listed once.
    const isRoot = command.parent === null
    command.configureHelp({ showGlobalOptions: false, helpWidth: WIDTH })
    return `## ${isRoot ? 'entrepot' : nameOf(command)}\n\n\`\`\`text\n${helpOf(command)}\`\`\`\n`
  })
  return [INTRODUCTION, ...sections].join('\n')
}

/** The program, then everything that can be run. */
function leaves(command: Command): Command[] {
  const below = command.commands.flatMap(leaves)
  return command.parent === null || below.length === 0 ? [command, ...below] : below
}

function nameOf(command: Command): string {
  const { parent } = command
  return parent === null ? '' : `${nameOf(parent)} ${command.name()}`.trim()
}

/** With the examples, which are no part of commander's helpInformation. */
function helpOf(command: Command): string {
  const parts: string[] = []
  command.configureOutput({ writeOut: (part) => parts.push(part) })
  command.outputHelp()
  return parts.join('').replace(/\n+$/, '\n')
}

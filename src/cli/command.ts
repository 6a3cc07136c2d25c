import { Command } from 'commander'

/** What there is to say about a command. */
interface CommandText {
  readonly name: string
  readonly description: string
  /** What comes after `entrepot`, as one would type it. */
  readonly examples: readonly string[]
}

/** A command with examples in its help. */
export function newCommand({ name, description, examples }: CommandText): Command {
  const lines = examples.map((example) => `  $ entrepot ${example}\n`)
  return new Command(name)
    .description(description)
    .addHelpText('after', `\nExamples:\n${lines.join('')}`)
}

/** Makes commands part of another one, which decides how they print and fail. */
export function addCommands(parent: Command, children: readonly Command[]): Command {
  for (const child of children) {
    passSettings(parent, child)
    parent.addCommand(child)
  }
  return parent
}

function passSettings(parent: Command, child: Command): void {
  child.copyInheritedSettings(parent)
  for (const grandchild of child.commands) passSettings(child, grandchild)
}

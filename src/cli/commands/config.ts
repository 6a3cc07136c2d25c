import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printList } from '#cli/output.ts'
import { sourcesOf } from '#cli/settings-options.ts'
import { describeConfig } from '#config.ts'

/** `config`. */
export function config(): Command {
  return newCommand({
    name: 'config',
    description: 'Show every setting, its value and where that came from; secrets masked',
    examples: ['config', 'config --config /etc/entrepot.toml --json'],
  }).action((_options: object, command: Command) => {
    printList(command, describeConfig(sourcesOf(command)), {
      setting: ({ key }) => key,
      value: ({ value }) => value,
      'comes from': ({ source }) => source,
    })
  })
}

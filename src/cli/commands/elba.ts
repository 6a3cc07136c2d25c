import type { Command } from 'commander'
import { addCommands, newCommand } from '#cli/command.ts'
import { elbaImport } from './elba-import.ts'
import { elbaLogin } from './elba-login.ts'
import { elbaPublish } from './elba-publish.ts'
import { elbaSearch } from './elba-search.ts'
import { elbaUnyank, elbaYank } from './elba-yank.ts'

/** `elba`: a client of elba registries, this one or others; and how an index moves here. */
export function elbaCommands(): Command {
  return addCommands(
    newCommand({
      name: 'elba',
      description: 'Use an elba registry over the network; take over an existing index',
      examples: ['elba --help'],
    }),
    [elbaLogin(), elbaPublish(), elbaSearch(), elbaYank(), elbaUnyank(), elbaImport()],
  )
}

import type { Command } from 'commander'
import { addCommands, newCommand } from '#cli/command.ts'
import { oriAudit } from './ori-audit.ts'
import { oriDownload } from './ori-download.ts'
import { oriInfo } from './ori-info.ts'
import { oriDeprecate, oriUnyank, oriYank } from './ori-lifecycle.ts'
import { oriLogin } from './ori-login.ts'
import { oriPublish } from './ori-publish.ts'
import { oriSearch } from './ori-search.ts'
import { oriTransfer } from './ori-transfer.ts'

/** `ori`: a client of Ori registries, this one or others. It touches no data of the server's. */
export function oriCommands(): Command {
  return addCommands(
    newCommand({
      name: 'ori',
      description: 'Use an Ori registry over the network: publish, find, download, audit',
      examples: ['ori --help'],
    }),
    [
      oriLogin(),
      oriPublish(),
      oriSearch(),
      oriInfo(),
      oriDownload(),
      oriAudit(),
      oriYank(),
      oriUnyank(),
      oriDeprecate(),
      oriTransfer(),
    ],
  )
}

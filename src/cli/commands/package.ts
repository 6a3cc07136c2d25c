import type { Command } from 'commander'
import { addCommands, newCommand } from '#cli/command.ts'
import { packageDeprecate } from './package-deprecate.ts'
import { ownersAdd, ownersList, ownersRemove } from './package-owners.ts'
import { packageRemove } from './package-remove.ts'
import {
  transferAccept,
  transferCancel,
  transferDecline,
  transferList,
  transferOffer,
} from './package-transfer.ts'
import { packageUnyank, packageYank } from './package-yank.ts'

/** `package`, with all that is done to packages and releases after they were published. */
export function packageCommands(): Command {
  return addCommands(
    newCommand({
      name: 'package',
      description: 'What was published: yank, deprecate, remove, own, transfer',
      examples: ['package --help'],
    }),
    [
      packageYank(),
      packageUnyank(),
      packageDeprecate(),
      packageRemove(),
      addCommands(
        newCommand({
          name: 'owners',
          description: 'Who has a role in one package',
          examples: ['package owners --help'],
        }),
        [ownersList(), ownersAdd(), ownersRemove()],
      ),
      addCommands(
        newCommand({
          name: 'transfer',
          description: 'Packages that go from one namespace to another',
          examples: ['package transfer --help'],
        }),
        [transferOffer(), transferList(), transferAccept(), transferDecline(), transferCancel()],
      ),
    ],
  )
}

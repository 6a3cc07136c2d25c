import type { Command } from 'commander'
import { addCommands, newCommand } from '#cli/command.ts'
import { grenLogout, grenWhoami } from './gren-account.ts'
import { grenIdentity } from './gren-identity.ts'
import { grenInstall } from './gren-install.ts'
import { grenLogin } from './gren-login.ts'
import { grenPublish } from './gren-publish.ts'
import { grenRevoke } from './gren-revoke.ts'

/** `gren`: a client of Gren registries, this one or others. It touches no data of the server's. */
export function grenCommands(): Command {
  return addCommands(
    newCommand({
      name: 'gren',
      description: 'Use a Gren registry over the network: sign in, publish, install',
      examples: ['gren --help'],
    }),
    [
      grenLogin(),
      grenLogout(),
      grenWhoami(),
      grenIdentity(),
      grenPublish(),
      grenRevoke(),
      grenInstall(),
    ],
  )
}

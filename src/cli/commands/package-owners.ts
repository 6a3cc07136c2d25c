import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { roleOption } from '#cli/option-values.ts'
import { everyPage, moment, printList, printOutcome } from '#cli/output.ts'
import { PACKAGE_ARGUMENT, readPackage } from '#cli/package-argument.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import type { Role } from '#core/db/schema.ts'
import { addOwner } from '#core/packages/owners/add-owner.ts'
import { listOwners } from '#core/packages/owners/list-owners.ts'
import { removeOwner } from '#core/packages/owners/remove-owner.ts'

/** `package owners list`. */
export function ownersList(): Command {
  return newCommand({
    name: 'list',
    description: 'Show who has a role in a package besides the members of its namespace',
    examples: ['package owners list oci/acme/web'],
  })
    .argument(...PACKAGE_ARGUMENT)
    .action(async (name: string, _options: object, command: Command) => {
      const owners = await withApp(command, (app) =>
        everyPage((page) => listOwners(app, CLI, readPackage(app, name), page)),
      )
      printList(command, owners, {
        user: (owner) => owner.user,
        role: (owner) => owner.role,
        since: (owner) => moment(owner.createdAt),
      })
    })
}

/** `package owners add`. */
export function ownersAdd(): Command {
  return newCommand({
    name: 'add',
    description: 'Give a user a role in one package, whatever it was before',
    examples: ['package owners add oci/acme/web bob --role publisher'],
  })
    .argument(...PACKAGE_ARGUMENT)
    .argument('<user>', 'who')
    .addOption(roleOption('what they may do with it').makeOptionMandatory())
    .action(async (name: string, user: string, { role }: { role: Role }, command: Command) => {
      await withApp(command, (app) => addOwner(app, CLI, readPackage(app, name), { user, role }))
      printOutcome(command, `${user} is ${role} of ${name}`, { package: name, user, role })
    })
}

/** `package owners remove`. */
export function ownersRemove(): Command {
  return newCommand({
    name: 'remove',
    description: 'Take a user’s role in one package away',
    examples: ['package owners remove oci/acme/web bob'],
  })
    .argument(...PACKAGE_ARGUMENT)
    .argument('<user>', 'who')
    .action(async (name: string, user: string, _options: object, command: Command) => {
      await withApp(command, (app) => removeOwner(app, CLI, readPackage(app, name), user))
      const value = { package: name, user, removed: true }
      printOutcome(command, `${user} is no owner of ${name} any more`, value)
    })
}

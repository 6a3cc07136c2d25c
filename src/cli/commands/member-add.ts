import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { roleOption } from '#cli/option-values.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import type { Role } from '#core/db/schema.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'

/** `member add`. */
export function memberAdd(): Command {
  return newCommand({
    name: 'add',
    description: 'Give a user a role in a namespace, whatever it was before',
    examples: ['member add acme bob --role publisher'],
  })
    .argument('<namespace>', 'where')
    .argument('<user>', 'who')
    .addOption(roleOption('what they may do there').makeOptionMandatory())
    .action(async (namespace: string, user: string, { role }: { role: Role }, command: Command) => {
      await withApp(command, (app) => addMember(app, CLI, namespace, { user, role }))
      printOutcome(command, `${user} is ${role} of ${namespace}`, { namespace, user, role })
    })
}

import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { roleOption } from '#cli/option-values.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import type { Role } from '#core/db/schema.ts'
import { inviteMember } from '#core/namespaces/members/invite-member.ts'

/** `member invite`. */
export function memberInvite(): Command {
  return newCommand({
    name: 'invite',
    description:
      'Give whoever has an e-mail address a role in a namespace: at once, or when they first sign in',
    examples: ['member invite acme bob@example.org --role publisher'],
  })
    .argument('<namespace>', 'where')
    .argument('<email>', 'who')
    .addOption(roleOption('what they may do there').makeOptionMandatory())
    .action(
      async (namespace: string, email: string, { role }: { role: Role }, command: Command) => {
        const state = await withApp(command, (app) =>
          inviteMember(app, CLI, namespace, { email, role }),
        )
        const outcome =
          state === 'member'
            ? `${email} is ${role} of ${namespace}`
            : `${email} is invited to be ${role} of ${namespace}, for 30 days`
        printOutcome(command, outcome, { namespace, email, role, state })
      },
    )
}

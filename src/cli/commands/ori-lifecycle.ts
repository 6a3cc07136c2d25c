import type { Command } from 'commander'
import { z } from 'zod'
import { packagePath } from '#cli/ori/client.ts'
import { clientOf, oriCommand, type ReleaseSpec, releaseValue } from '#cli/ori/ori-command.ts'
import { printOutcome } from '#cli/output.ts'

const RELEASE_ARGUMENT = ['<release>', 'which, like @acme/json@1.0.0', releaseValue] as const
const yankedBody = z.object({ version: z.string(), yanked: z.boolean() })
const deprecatedBody = z.object({ version: z.string(), deprecated: z.string().nullable() })

/** `ori yank`. */
export function oriYank(): Command {
  return oriCommand({
    name: 'yank',
    description: 'Keep a version from new use; who has it locked can still get it',
    examples: ['ori yank @acme/json@1.0.0 --reason "loses data"'],
  })
    .argument(...RELEASE_ARGUMENT)
    .option('--reason <text>', 'why, for everybody to see')
    .action(async (spec: ReleaseSpec, { reason }: { reason?: string }, command: Command) => {
      await change(command, spec, ['yank', yankedBody, { ...(reason && { reason }) }])
      const { name, version } = spec
      printOutcome(command, `yanked ${name} ${version}`, { name, version, yanked: true })
    })
}

/** `ori unyank`. */
export function oriUnyank(): Command {
  return oriCommand({
    name: 'unyank',
    description: 'Take a yank back',
    examples: ['ori unyank @acme/json@1.0.0'],
  })
    .argument(...RELEASE_ARGUMENT)
    .action(async (spec: ReleaseSpec, _options: object, command: Command) => {
      await change(command, spec, ['unyank', yankedBody, {}])
      const { name, version } = spec
      printOutcome(command, `unyanked ${name} ${version}`, { name, version, yanked: false })
    })
}

/** `ori deprecate`. */
export function oriDeprecate(): Command {
  return oriCommand({
    name: 'deprecate',
    description: 'Say why a version should no longer be used; or, with --clear, take that back',
    examples: [
      'ori deprecate @acme/json@1.0.0 "use 2.x"',
      'ori deprecate @acme/json@1.0.0 --clear',
    ],
  })
    .argument(...RELEASE_ARGUMENT)
    .argument('[message]', 'what its users are told')
    .option('--clear', 'no longer deprecated')
    .action(
      async (
        spec: ReleaseSpec,
        raw: string | undefined,
        { clear }: { clear?: true },
        command: Command,
      ) => {
        const message = raw?.trim() || null
        if ((message === null) !== (clear === true)) {
          command.error('error: give either a message or --clear')
        }
        await change(command, spec, ['deprecate', deprecatedBody, { message }])
        const { name, version } = spec
        const sentence = `${name} ${version} is ${clear ? 'no longer' : 'now'} deprecated`
        printOutcome(command, sentence, { name, version, deprecated: message })
      },
    )
}

async function change(
  command: Command,
  { name, version }: ReleaseSpec,
  [verb, schema, body]: readonly [string, z.ZodType, object],
): Promise<void> {
  const client = await clientOf(command, { name })
  await client.change(`${packagePath(name, version)}/${verb}`, schema, { body })
}

import type { Command } from 'commander'
import { releasePath } from '#cli/elba/client.ts'
import { clientOf, elbaCommand, type ReleaseSpec, releaseValue } from '#cli/elba/elba-command.ts'
import { printOutcome } from '#cli/output.ts'

const RELEASE_ARGUMENT = ['<release>', 'which, like acme/json@1.0.0', releaseValue] as const

/** `elba yank`. */
export function elbaYank(): Command {
  return elbaCommand({
    name: 'yank',
    description: 'Keep a version from new use; who has it locked can still get it',
    examples: ['elba yank acme/json@1.0.0'],
  })
    .argument(...RELEASE_ARGUMENT)
    .action((spec: ReleaseSpec, _options: object, command: Command) => change(command, spec, true))
}

/** `elba unyank`. */
export function elbaUnyank(): Command {
  return elbaCommand({
    name: 'unyank',
    description: 'Take a yank back',
    examples: ['elba unyank acme/json@1.0.0'],
  })
    .argument(...RELEASE_ARGUMENT)
    .action((spec: ReleaseSpec, _options: object, command: Command) => change(command, spec, false))
}

async function change(
  command: Command,
  { name, version }: ReleaseSpec,
  isYanked: boolean,
): Promise<void> {
  const client = await clientOf(command)
  await client.change('PATCH', `${releasePath(name, version)}/yank?yanked=${isYanked}`)
  const sentence = `${isYanked ? 'yanked' : 'unyanked'} ${name} ${version}`
  printOutcome(command, sentence, { name, version, yanked: isYanked })
}

import { type Command, InvalidArgumentError } from 'commander'
import { newCommand } from '#cli/command.ts'
import { readName } from '#ecosystems/gren/name.ts'
import { isVersion } from '#ecosystems/gren/version.ts'
import { createClient, type GrenClient } from './client.ts'
import { findRegistry, type GrenRegistry } from './registry.ts'

const REGISTRY_HELP = 'its URL (default: GREN_REGISTRY, or http://127.0.0.1:7080/gren)'

/** A command that talks to a Gren registry. */
export function grenCommand(text: Parameters<typeof newCommand>[0]): Command {
  return newCommand(text).option('--registry <url>', REGISTRY_HELP)
}

/** The registry that a command means. */
export function registryOf(command: Command): Promise<GrenRegistry> {
  return findRegistry(command.opts<{ registry?: string }>().registry)
}

/** A client of the registry that a command means. */
export async function clientOf(command: Command): Promise<GrenClient> {
  return createClient(await registryOf(command))
}

/** `author/project`. */
export function nameValue(raw: string): string {
  if (readName(raw)) return raw
  throw new InvalidArgumentError('Expected a package such as acme/json.')
}

/** `1.0.0`. */
export function versionValue(raw: string): string {
  if (isVersion(raw)) return raw
  throw new InvalidArgumentError('Expected three numbers such as 1.0.0.')
}

import { type Command, InvalidArgumentError } from 'commander'
import { newCommand } from '#cli/command.ts'
import { readName } from '#ecosystems/elba/name.ts'
import { readVersion } from '#ecosystems/elba/version.ts'
import { createClient, type ElbaClient } from './client.ts'
import { type ElbaRegistry, findRegistry } from './registry.ts'

/** A package and one version of it. */
export interface ReleaseSpec {
  readonly name: string
  readonly version: string
}

const REGISTRY_HELP = 'its URL (default: ELBA_REGISTRY, or http://127.0.0.1:7080/elba)'

/** A command that talks to an elba registry. */
export function elbaCommand(text: Parameters<typeof newCommand>[0]): Command {
  return newCommand(text).option('--registry <url>', REGISTRY_HELP)
}

/** The registry that a command means. */
export function registryOf(command: Command): Promise<ElbaRegistry> {
  return findRegistry(command.opts<{ registry?: string }>().registry)
}

/** A client of the registry that a command means. */
export async function clientOf(command: Command): Promise<ElbaClient> {
  return createClient(await registryOf(command))
}

/** `group/name@1.0.0`, or as elba writes it, `group/name|1.0.0`. */
export function releaseValue(raw: string): ReleaseSpec {
  const [, name = '', version = ''] = /^([^@|]+)[@|](.+)$/.exec(raw) ?? []
  if (readName(name) && readVersion(version)) return { name, version }
  throw new InvalidArgumentError('Expected a package and a version, such as acme/json@1.0.0.')
}

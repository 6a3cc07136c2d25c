import { type Command, InvalidArgumentError } from 'commander'
import { newCommand } from '#cli/command.ts'
import { CliError } from '#cli/failure.ts'
import { readName } from '#ecosystems/ori/name.ts'
import { isVersion } from '#ecosystems/ori/version.ts'
import { createClient, type OriClient } from './client.ts'
import { findProject, type Project } from './project.ts'
import { findRegistry, type OriRegistry } from './registry.ts'

/** A package, and perhaps one version of it, as somebody names it. */
export interface PackageSpec {
  readonly name: string
  readonly version?: string
}

/** A package and one version of it. */
export type ReleaseSpec = Required<PackageSpec>

/** What a command is about, for choosing the registry. */
interface About {
  /** A package; its scope may have a registry of its own. */
  readonly name?: string
  /** Where a manifest may be: here, unless said. */
  readonly folder?: string
  /** Whether `[publish] registry` counts. */
  readonly isPublish?: boolean
}

const REGISTRY_HELP =
  'URL, or a name of [registries] in oripk.toml (default: the registry of the scope there, ORI_REGISTRY, or http://127.0.0.1:7080/ori)'

/** A command that talks to an Ori registry. */
export function oriCommand(text: Parameters<typeof newCommand>[0]): Command {
  return newCommand(text).option('--registry <url>', REGISTRY_HELP)
}

/** The registry that a command means. */
export async function registryOf(command: Command, about: About = {}): Promise<OriRegistry> {
  const { registry } = command.opts<{ registry?: string }>()
  const project = await findProject(about.folder ?? '.')
  const scope = about.name?.replace(/^@/, '').split('/')[0]
  return await findRegistry({
    flag: registry,
    name: registry === undefined ? nameOf(project, about.isPublish === true, scope) : undefined,
    named: project?.manifest.registries ?? {},
  })
}

/** A client of the registry that a command means. */
export async function clientOf(command: Command, about: About = {}): Promise<OriClient> {
  return createClient(await registryOf(command, about))
}

/** `@scope/name` or `@scope/name@1.0.0`; the colon of locks will do as well. */
export function packageValue(raw: string): PackageSpec {
  const [, name = '', version] = /^(@?[^@:]+)(?:[@:](.+))?$/.exec(raw) ?? []
  const parsed = readName(name)
  if (!parsed || (version !== undefined && !isVersion(version))) {
    throw new InvalidArgumentError('Expected a package such as @acme/json or @acme/json@1.0.0.')
  }
  const plain = `@${parsed.namespace}/${parsed.name}`
  return { name: plain, ...(version !== undefined && { version }) }
}

/** `@scope/name`. */
export function nameValue(raw: string): string {
  const { name, version } = packageValue(raw)
  if (version === undefined) return name
  throw new InvalidArgumentError('Expected a package without a version, such as @acme/json.')
}

/** `@scope/name@1.0.0`. */
export function releaseValue(raw: string): ReleaseSpec {
  const { name, version } = packageValue(raw)
  if (version !== undefined) return { name, version }
  throw new InvalidArgumentError('Expected a package and a version, such as @acme/json@1.0.0.')
}

function nameOf(
  project: Project | undefined,
  isPublish: boolean,
  scope: string | undefined,
): string | undefined {
  const chosen = isPublish ? project?.publish.registry : undefined
  if (chosen === undefined || project === undefined) return scope
  if (Object.hasOwn(project.manifest.registries, chosen)) return chosen
  const hint = `add [registries.${chosen}] with its url to oripk.toml`
  throw new CliError(`[publish] names the registry ${chosen}, which [registries] has not`, hint)
}

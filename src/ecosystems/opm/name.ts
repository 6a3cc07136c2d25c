import type { App } from '#core/app.ts'
import type { ParsedName } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import type { PackageRef } from '#core/packages/package.ts'

/** What content belongs to that no other ecosystem claims: it can hold anything. */
export const ANY_CONTENT = 'oci'
const OWN_ID = 'opm'
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const MAX_NAME_CHARS = 512

/** A repository as its path names it: each part as written. */
export interface RepositoryName {
  readonly namespace: string
  readonly project: string
  /** Bare, or after the id of its ecosystem and a colon. */
  readonly repository: string
}

/** Parses `namespace/project/repository`; a project may have several parts. */
export function parseName(raw: string): ParsedName & { project: string } {
  const [namespace = '', ...rest] = raw.split('/')
  const name = rest.pop() ?? ''
  const project = rest.join('/')
  if (namespace === '' || project === '' || name === '' || raw.length > MAX_NAME_CHARS) {
    throw new RegistryError(
      'name_invalid',
      `not namespace/project/repository: ${raw.slice(0, MAX_NAME_CHARS)}`,
    )
  }
  return { namespace, project, name, key: name }
}

/** The inverse of parseName. */
export function formatName(parts: { namespace: string; project: string; name: string }): string {
  return `${parts.namespace}/${parts.project}/${parts.name}`
}

/**
 * Which ecosystem a repository belongs to when its name does not say: in the project that is called
 * like an ecosystem, that one; elsewhere the one for any content. A fixed rule, so that a name
 * never changes its meaning, nor tells of what is hidden.
 */
function homeOf(app: App, project: string): string {
  if (project === OWN_ID) return ANY_CONTENT
  return app.ecosystems.some(({ id }) => id === project) ? project : ANY_CONTENT
}

/** Ecosystem and own name of a repository in a project. */
export function splitRepository(
  app: App,
  project: string,
  repository: string,
): { ecosystem: string; name: string } {
  const colon = repository.indexOf(':')
  if (colon === -1) return { ecosystem: homeOf(app, project), name: repository }
  return { ecosystem: repository.slice(0, colon), name: repository.slice(colon + 1) }
}

/** What a package is called in its project; the inverse of splitRepository. */
export function repositoryName(
  app: App,
  project: string,
  found: { ecosystem: string; name: string },
): string {
  const isAtHome = found.ecosystem === homeOf(app, project)
  return isAtHome ? found.name : `${found.ecosystem}:${found.name}`
}

/** Which package is meant; throws `name_invalid` where its ecosystem has no such name. */
export function packageRef(app: App, parts: RepositoryName): PackageRef {
  const { namespace, project } = parts
  const { ecosystem, name } = splitRepository(app, project, parts.repository)
  const rules = app.ecosystems.find(({ id }) => id === ecosystem)
  if (!rules || ecosystem === OWN_ID) {
    throw new RegistryError('not_found', `no ecosystem ${ecosystem.slice(0, 64)} here`)
  }
  const parsed = rules.parseName(rules.formatName({ namespace, project, name }))
  if (parsed.name !== name || (parsed.project ?? ecosystem) !== project) {
    throw new RegistryError(
      'name_invalid',
      `${rules.label} has no ${name.slice(0, 128)} in a project ${project}; its own project is ${ecosystem}`,
    )
  }
  return { ecosystem, ...parsed, namespace }
}

/** Throws `name_invalid` unless this can be a tag. */
export function checkTag(raw: string): string {
  if (TAG.test(raw)) return raw
  throw new RegistryError('name_invalid', `not a tag: ${raw.slice(0, 150)}`)
}

import type { ParsedName } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import type { PackageRef } from '#core/packages/package.ts'

/** The namespace of names that have only one part. */
const LIBRARY = 'library'
/** The project of names that have only two. */
const OWN_PROJECT = 'oci'
const PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
/** Many clients cap host[:port]/name at 255 characters. */
const MAX_NAME_CHARS = 255

/** Parses a repository name: one part, two, or namespace/project…/package (spec, "Pulling manifests"). */
export function parseName(raw: string): ParsedName {
  const parts = raw.split('/')
  if (raw.length > MAX_NAME_CHARS || !parts.every((part) => PART.test(part))) {
    throw new RegistryError(
      'name_invalid',
      `not a repository name: ${raw.slice(0, MAX_NAME_CHARS)}`,
    )
  }
  const name = parts.pop() ?? ''
  const [namespace = LIBRARY, ...project] = parts
  if (project.length === 0) return { namespace, name, key: name }
  return { namespace, project: project.join('/'), name, key: name }
}

/** The repository name of a package; the inverse of parseName. */
export function formatName(parts: { namespace: string; project: string; name: string }): string {
  if (parts.project !== OWN_PROJECT) return `${parts.namespace}/${parts.project}/${parts.name}`
  return parts.namespace === LIBRARY ? parts.name : `${parts.namespace}/${parts.name}`
}

/** Which package a repository name means. */
export function packageRef(raw: string): PackageRef {
  return { ecosystem: 'oci', ...parseName(raw) }
}

/** Throws `name_invalid` unless this can be a tag. */
export function checkTag(raw: string): string {
  if (TAG.test(raw)) return raw
  throw new RegistryError('name_invalid', `not a tag: ${raw.slice(0, 150)}`)
}

import { getPath } from 'hono/utils/url'
import type { EcosystemRules } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import type { PackageRef } from '#core/packages/package.ts'

const BELOW = [
  'releases/[^/]+/(?:yank|unyank|deprecate|remove)',
  'owners/[^/]+',
  'releases|tags|owners|deprecate|transfer',
].join('|')
const PACKAGE_PATH = new RegExp(`^(/api/v1/packages/[^/]+/)(.+?)(/(?:${BELOW}))?$`)

/**
 * The path of a request as routes see it: a package's own slashes become part of one segment, so
 * that `/packages/oci/acme/web/tags` is the tags of `acme/web`. A package whose name ends like that
 * is reached with its slashes encoded.
 */
export function foldPackagePath(request: Request): string {
  const path = getPath(request)
  const [, start, name, rest = ''] = PACKAGE_PATH.exec(path) ?? []
  if (start === undefined || name === undefined) return path
  return `${start}${name.replaceAll('/', '%2F')}${rest}`
}

/** Which package an ecosystem's id and a name as its users write it mean. */
export function packageRef(
  ecosystems: readonly EcosystemRules[],
  ecosystem: string,
  rawName: string,
): PackageRef {
  const rules = ecosystems.find(({ id }) => id === ecosystem)
  if (rules) return { ecosystem, ...rules.parseName(rawName) }
  throw new RegistryError('not_found', `no ecosystem ${ecosystem.slice(0, 64)} here`)
}

/** The same for both in one: `oci/acme/web`. */
export function parseAddress(ecosystems: readonly EcosystemRules[], raw: string): PackageRef {
  const slash = raw.indexOf('/')
  if (slash === -1) {
    throw new RegistryError('name_invalid', 'a package is named like oci/acme/web')
  }
  return packageRef(ecosystems, raw.slice(0, slash), raw.slice(slash + 1))
}

import type { Context } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'
import { findPinned, type PinnedRelease, pinKey } from '#core/releases/find-pinned.ts'
import { getVersion, listVersionNumbers, type VersionNumber } from '#core/releases/versions.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendEither } from './answers.ts'
import { nameOf } from './name.ts'
import type { Platform } from './outline.ts'
import { isInRange, parseRange } from './range.ts'
import { readablePackage, sayingRevoked, versionOf } from './request.ts'
import { compareVersions, isVersion } from './version.ts'

const VERSIONS_AT_ONCE = 10

/** What a version must be for. */
interface Wanted {
  readonly compiler: string | undefined
  readonly platform: string | undefined
}

/** GET …/versions: all that were not revoked, ascending; `?yanked=false` leaves out what is yanked. */
export async function readVersions(c: Context<Env>): Promise<Response> {
  const from = await readablePackage(c)
  const wanted = c.req.query('yanked')
  if (wanted !== undefined && wanted !== 'true' && wanted !== 'false') {
    throw new RegistryError('invalid_request', 'yanked is true or false')
  }
  const found = await ascendingVersions(c, from)
  const versions = found
    .filter(({ yankedAt }) => wanted !== 'false' || yankedAt === null)
    .map(({ version }) => version)
  const text = versions.map((one) => `${one}\n`).join('')
  return sendEither(c, from, { body: versions, text })
}

/** GET …/latest: the highest for a compiler and a platform; without them, the highest. */
export async function readLatest(c: Context<Env>): Promise<Response> {
  const from = await readablePackage(c)
  const { compiler, platform } = c.req.query()
  if (compiler !== undefined && !isVersion(compiler)) {
    throw new RegistryError('invalid_request', 'compiler must be a version such as 0.6.5')
  }
  if (platform !== undefined && !isPlatform(platform)) {
    throw new RegistryError('invalid_request', 'platform is common, browser or node')
  }
  const found = (await ascendingVersions(c, from)).filter(({ yankedAt }) => yankedAt === null)
  const numbers = found.map((one) => one.version).reverse()
  const isAny = compiler === undefined && platform === undefined
  const version = isAny ? numbers[0] : await firstFor(c, from, numbers, { compiler, platform })
  if (version === undefined) {
    throw new RegistryError('release_unknown', `${from.path} has no such version`)
  }
  return sendEither(c, from, { body: { name: nameOf(from), version }, text: `${version}\n` })
}

/** GET …/{version}/previous: the highest that is lower. */
export async function readPrevious(c: Context<Env>): Promise<Response> {
  const from = await readablePackage(c)
  const { version } = await sayingRevoked(getVersion(c.var.app, from, versionOf(c)))
  const lower = (await ascendingVersions(c, from)).filter(
    (one) => compareVersions(one.version, version) < 0,
  )
  const previous = lower.at(-1)?.version
  if (previous === undefined) {
    throw new RegistryError('release_unknown', `${from.path} has none before ${version}`)
  }
  const body = { name: nameOf(from), version: previous }
  return sendEither(c, from, { body, text: `${previous}\n` })
}

/** The versions of a package that were not revoked, ascending. */
export async function ascendingVersions(c: Context<Env>, from: Package): Promise<VersionNumber[]> {
  const found = await listVersionNumbers(c.var.app, from)
  return found.sort((a, b) => compareVersions(a.version, b.version))
}

/** The first of these that is for a compiler and a platform: mostly the very first, so few are read at once. */
async function firstFor(
  c: Context<Env>,
  { ecosystem, path }: Package,
  versions: readonly string[],
  wanted: Wanted,
): Promise<string | undefined> {
  const { app, actor } = c.var
  for (let at = 0; at < versions.length; at += VERSIONS_AT_ONCE) {
    const pins = versions.slice(at, at + VERSIONS_AT_ONCE).map((version) => ({ path, version }))
    const found = await findPinned(app, actor, ecosystem, pins)
    for (const pin of pins) {
      const release = found.get(pinKey(pin))
      if (release && !release.isRemoved && isFor(release, wanted)) return pin.version
    }
  }
  return undefined
}

function isPlatform(raw: string): raw is Platform {
  return raw === 'common' || raw === 'browser' || raw === 'node'
}

/** A package for `common` is good everywhere; one for `browser` only there. */
function isFor(
  { metadata }: Pick<PinnedRelease, 'metadata'>,
  { compiler, platform }: Wanted,
): boolean {
  const { outline } = metadata as { outline?: Record<string, unknown> }
  const own = metadata.platform
  if (platform !== undefined && own !== 'common' && own !== platform) return false
  if (compiler === undefined) return true
  const range = parseRange(String(outline?.['gren-version'] ?? ''))
  return range !== undefined && isInRange(compiler, range)
}

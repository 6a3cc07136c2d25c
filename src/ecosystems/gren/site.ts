import type { Context } from 'hono'
import { packageTopic } from '#core/cache/topics.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'
import { MAX_PAGE_LIMIT, type Page, type PageRequest, parsePageRequest } from '#core/page.ts'
import { getReleaseFile } from '#core/releases/get-release-file.ts'
import { getVersion, type Version, type VersionNumber } from '#core/releases/versions.ts'
import {
  type FoundPackage,
  listFoundPackages,
  searchPackages,
} from '#core/search/search-packages.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendDocument, sendJson } from './answers.ts'
import { readBundle } from './bundle.ts'
import { docComment } from './modules.ts'
import { nameOf } from './name.ts'
import { Findings } from './problems.ts'
import { readablePackage, sayingRevoked } from './request.ts'
import { isVersion } from './version.ts'
import { ascendingVersions } from './versions.ts'

/** Of one version's modules together: their documentation proper is what comes with the release. */
const MAX_COMMENTS_CHARS = 256 * 1024
const BYTES_PER_COMMENT = 200

/** GET /package: everything, a page at a time. */
export async function readPackages(c: Context<Env>): Promise<Response> {
  const found = await listFoundPackages(c.var.app, c.var.actor, { ...pageOf(c), ecosystem: 'gren' })
  return sendEntries(found, {})
}

/** GET /package/search: what answers to some words, best first. */
export async function searchPackage(c: Context<Env>): Promise<Response> {
  const query = c.req.query('query')
  if (query === undefined) {
    throw new RegistryError('invalid_request', 'query is needed: what to look for')
  }
  const wanted = { ...pageOf(c), q: query, ecosystem: 'gren' }
  const { total, ...found } = await searchPackages(c.var.app, c.var.actor, wanted)
  return sendEntries(found, { ...(query !== '' && { query }), total })
}

function pageOf(c: Context<Env>): PageRequest {
  const { limit = String(MAX_PAGE_LIMIT), after } = c.req.query()
  return parsePageRequest({ limit, ...(after !== undefined && { after }) })
}

function sendEntries({ items, next }: Page<FoundPackage>, more: object): Response {
  return sendJson({
    ...more,
    packages: items.map(toEntry),
    ...(next !== undefined && { next }),
  })
}

function toEntry({ path, version, description, license, deprecation }: FoundPackage) {
  return {
    name: path,
    version,
    summary: description,
    license,
    ...(deprecation !== null && { deprecated: deprecation }),
  }
}

/** GET /package/{author}/{project}: leads to the overview of the latest version. */
export async function redirectToLatest(c: Context<Env>): Promise<Response> {
  const from = await readablePackage(c)
  const version = chooseVersion(from, await ascendingVersions(c, from), 'latest')
  // Relative: the registry may be below a path, or at the root of a host.
  const location = `${c.req.param('project')}/version/${version}/overview`
  return new Response(null, {
    status: 303,
    headers: { location, 'cache-control': 'no-cache' },
  })
}

/** GET …/version/{v|latest|prefix}/overview. */
export async function readOverview(c: Context<Env>): Promise<Response> {
  const { from, release } = await chosenRelease(c)
  const readme = await readText(c, { from, version: release.version, role: 'readme' })
  const { deprecation, yankedAt, version } = release
  return sendDocument(c, from, {
    name: nameOf(from),
    version,
    readme: readme ?? '',
    ...(yankedAt !== null && { yanked: true }),
    ...(deprecation && { deprecated: deprecation.message }),
  })
}

/** GET …/version/{v|latest|prefix}/module/{M}: from the compiler's documentation, or the source's own words. */
export async function readModule(c: Context<Env>): Promise<Response> {
  const { from, release } = await chosenRelease(c)
  const { version } = release
  const name = c.req.param('module') ?? ''
  // Asked first, because it costs nothing; and the others are nobody's business.
  if (!exposedModules(release).includes(name)) {
    const shown = name.slice(0, 100)
    throw new RegistryError('not_found', `${from.path} ${version} has no module ${shown}`)
  }
  const docs = await readText(c, { from, version, role: 'docs' })
  const documented = docs === undefined ? undefined : moduleIn(JSON.parse(docs), name)
  const told = documented ?? { name, comment: (await commentsOf(c, { from, release })).get(name) }
  return sendDocument(c, from, { package: nameOf(from), version, ...told })
}

function exposedModules({ metadata }: Version): string[] {
  const { outline } = metadata as { outline?: Record<string, object> }
  return Object.values(outline?.['exposed-modules'] ?? []).flat()
}

interface OneFile {
  readonly from: Package
  readonly version: string
  readonly role: 'readme' | 'docs' | 'bundle'
}

async function chosenRelease(c: Context<Env>): Promise<{ from: Package; release: Version }> {
  const { app } = c.var
  const from = await readablePackage(c)
  const wanted = c.req.param('version') ?? ''
  // An exact one may be revoked, which is to be said.
  if (isVersion(wanted)) {
    return { from, release: await sayingRevoked(getVersion(app, from, wanted)) }
  }
  const chosen = chooseVersion(from, await ascendingVersions(c, from), wanted)
  return { from, release: await sayingRevoked(getVersion(app, from, chosen)) }
}

/** The highest that begins so and is not yanked; `latest` is the highest of all. */
function chooseVersion(from: Package, ascending: readonly VersionNumber[], wanted: string): string {
  const prefix = wanted === 'latest' ? '' : `${wanted}.`
  const found = ascending.filter(
    ({ version, yankedAt }) => yankedAt === null && version.startsWith(prefix),
  )
  const chosen = found.at(-1)
  if (chosen) return chosen.version
  const shown = wanted.slice(0, 100)
  throw new RegistryError('release_unknown', `${from.path} has no version ${shown}`)
}

async function readText(c: Context<Env>, file: OneFile): Promise<string | undefined> {
  const bytes = await readFile(c, file)
  return bytes && new TextDecoder().decode(bytes)
}

async function readFile(
  c: Context<Env>,
  { from, version, role }: OneFile,
): Promise<Uint8Array | undefined> {
  const { app } = c.var
  try {
    const { locator } = await getReleaseFile(app, from, { version, role })
    const blob = await app.blobs.open(locator)
    return new Uint8Array(await new Response(blob.stream()).arrayBuffer())
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'not_found') return undefined
    throw error
  }
}

function moduleIn(docs: unknown, name: string): object | undefined {
  const modules: unknown[] = Array.isArray(docs) ? docs : []
  return modules.find(
    (one): one is object =>
      typeof one === 'object' && one !== null && (one as { name?: unknown }).name === name,
  )
}

/** What the exposed modules of a version say of themselves. Unpacking a bundle is dear: kept in memory. */
async function commentsOf(
  c: Context<Env>,
  { from, release }: { from: Package; release: Version },
): Promise<ReadonlyMap<string, string>> {
  const { app } = c.var
  const key = `gren comments ${from.id} ${release.version}`
  const epoch = app.cache.begin()
  const kept = app.cache.get(key) as ReadonlyMap<string, string> | undefined
  if (kept) return kept
  const bytes = await readFile(c, { from, version: release.version, role: 'bundle' })
  const sources = bytes && (await readBundle(bytes, new Findings())).sources
  const comments = new Map<string, string>()
  let left = MAX_COMMENTS_CHARS
  for (const name of exposedModules(release)) {
    const comment = docComment(sources?.get(name) ?? '').slice(0, left)
    left -= comment.length
    comments.set(name, comment)
  }
  const size = (MAX_COMMENTS_CHARS - left) * 2 + comments.size * BYTES_PER_COMMENT
  app.cache.set(key, comments, [packageTopic(from.id)], { epoch, bytes: size })
  return comments
}

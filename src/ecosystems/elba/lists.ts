import type { Context } from 'hono'
import { countEcosystem } from '#core/downloads/read-downloads.ts'
import { RegistryError } from '#core/errors.ts'
import { listPublishingNamespaces } from '#core/namespaces/list-publishing-namespaces.ts'
import { listPackages } from '#core/packages/list-packages.ts'
import { listSpellings } from '#core/packages/list-spellings.ts'
import { searchPackages } from '#core/search/search-packages.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson, time } from './answers.ts'
import { normalise, spelledName } from './name.ts'
import { queryOf } from './request.ts'

const MAX_FOUND = 100
/** Upstream's lists have no pages; nobody's group has more. */
const MAX_PACKAGES = 100_000

/** GET /api/registry_metadata: where the index is. */
export function readRegistryMetadata(c: Context<Env>): Response {
  const index = `index+git+${c.var.app.settings.publicUrl}/elba/index.git`
  return sendJson({ api: 1, index, mirrors: [] })
}

/** GET …/search: best first. */
export async function search(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const q = queryOf(c, 'q')
  if (q === null) throw new RegistryError('invalid_request', 'q is needed: what to look for')
  const found = await searchPackages(app, actor, { q, ecosystem: 'elba', limit: MAX_FOUND })
  const paths = found.items.map(({ path }) => path)
  const spellings = await listSpellings(app, 'elba', paths)
  const packages = found.items.map(({ path, name }) =>
    spelledName({ path, name, spelling: spellings.get(path) ?? null }),
  )
  return sendJson({ packages })
}

/** GET …/global_stats. */
export async function readGlobalStats(c: Context<Env>): Promise<Response> {
  const { packages, downloads } = await countEcosystem(c.var.app, 'elba')
  return sendJson({ global_stats: { package_count: packages, download_count: downloads } })
}

/** GET …/groups: those that have packages. */
export async function readGroups(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const found = await listPublishingNamespaces(app, actor, { ecosystem: 'elba' })
  const groups = found.map(({ firstPackage }) => ({ group: spelledName(firstPackage).group }))
  return sendJson({ groups })
}

/** GET …/{group}/metadata. */
export async function readGroup(c: Context<Env>): Promise<Response> {
  const { firstPackage, createdAt } = await groupOf(c)
  const { group } = spelledName(firstPackage)
  return sendJson({ group: { group, created_at: time(createdAt) } })
}

/** GET …/{group}/packages. */
export async function readGroupPackages(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const { id: namespaceId } = await groupOf(c)
  const filter = { ecosystem: 'elba', namespaceId, limit: MAX_PACKAGES }
  const packages = await listPackages(app, actor, filter)
  return sendJson({ packages: packages.map(spelledName) })
}

/** The group in the path, if it has a package that the caller may read. */
async function groupOf(c: Context<Env>) {
  const { app, actor } = c.var
  const raw = c.req.param('group') ?? ''
  const filter = { ecosystem: 'elba', key: normalise(raw) }
  const [found] = await listPublishingNamespaces(app, actor, filter)
  if (found) return found
  throw new RegistryError('namespace_unknown', `no group ${raw.slice(0, 100)} here`)
}

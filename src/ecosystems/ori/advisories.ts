import type { Context } from 'hono'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import type { Advisory } from '#core/advisories/advisory.ts'
import type { AffectedPackage } from '#core/advisories/advisory-document.ts'
import { affects } from '#core/advisories/affects.ts'
import { advisoryEcosystem } from '#core/advisories/ecosystems.ts'
import { listAdvisories } from '#core/advisories/list-advisories.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { getReadablePackage, type Package } from '#core/packages/package.ts'
import { listVersions } from '#core/releases/versions.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson } from './answers.ts'
import { packageRef, readName } from './name.ts'
import { compareVersions, isVersion } from './version.ts'

const PAGE = 200

/** GET /v1/advisories: of a package, a version, or all; exact versions, as exact pins want them. */
export async function readAdvisories(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const query = new URL(c.req.url).searchParams
  const [name, version, since] = ['package', 'version', 'since'].map((key) => query.get(key))
  const after = query.get('after')
  if (version && !isVersion(version)) {
    throw new RegistryError('invalid_request', 'version must be exact, such as 1.2.3')
  }
  const { items, next } = await listAdvisories(app, actor, {
    limit: PAGE,
    ...(name && { package: packageRef(name) }),
    ...(version && { version }),
    ...(since && { since: momentOf(since) }),
    ...(after && { after }),
  })
  const wanted = name ? packageRef(name) : undefined
  const views = items.flatMap((one) =>
    affectedOf(one)
      .filter(({ package: of }) => !wanted || isSame(of?.name ?? '', wanted))
      .map((affected) => viewOf(app, actor, one, affected)),
  )
  return sendJson({ advisories: await Promise.all(views), ...(next !== undefined && { next }) })
}

/** Ids of what affects a version, as metadata tells them: for a public package, what anybody may see. */
export async function advisoryIds(
  app: App,
  actor: Actor,
  { from, version }: { from: Package; version: string },
): Promise<string[]> {
  const anybody: Actor = { ...ANONYMOUS, address: '', requestId: '' }
  const reader = from.visibility === 'public' ? anybody : actor
  const wanted = { package: packageRef(from.path), version, limit: PAGE }
  const { items } = await listAdvisories(app, reader, wanted)
  return items.map(({ id }) => id)
}

function affectedOf({ document }: Advisory): AffectedPackage[] {
  const ecosystem = advisoryEcosystem('ori')
  const isOurs = (one: AffectedPackage) => one.package?.ecosystem === ecosystem
  return document.affected.filter(isOurs)
}

async function viewOf(
  app: App,
  actor: Actor,
  { id, document }: Advisory,
  { package: of, versions = [], ranges = [], severity: own }: AffectedPackage,
) {
  const name = of?.name ?? ''
  const { aliases = [], summary, details, references = [], severity = own } = document
  const fixed = ranges.flatMap(({ events }) => events.flatMap((one) => one.fixed ?? []))
  const known = await versionsOf(app, actor, name)
  // What ranges come to is said of the versions that are here.
  const { withdrawn: _, ...standing } = document
  const isHit = (version: string) =>
    affects(standing, { ecosystem: 'ori', name, version }, compareVersions)
  const affected = new Set([...versions, ...known.filter(isHit)])
  return {
    id,
    aliases,
    package: name,
    affected: [...affected].sort(compareVersions),
    patched: [...new Set(fixed)].sort(compareVersions),
    severity: severity?.[0]?.score ?? null,
    title: summary ?? '',
    description: details ?? '',
    url: references[0]?.url ?? null,
    published_at: document.published ?? null,
    withdrawn_at: document.withdrawn ?? null,
  }
}

async function versionsOf(app: App, actor: Actor, name: string): Promise<string[]> {
  if (!readName(name)) return []
  try {
    const from = await getReadablePackage(app, actor, packageRef(name))
    return (await listVersions(app, from)).map(({ version }) => version)
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'package_unknown') return []
    throw error
  }
}

function isSame(name: string, wanted: { namespace: string; name: string }): boolean {
  const parsed = readName(name)
  return parsed?.namespace === wanted.namespace && parsed.name === wanted.name
}

function momentOf(raw: string): number {
  const at = Date.parse(raw)
  if (!Number.isNaN(at)) return at
  throw new RegistryError('invalid_request', 'since must be a time, such as 2026-01-31T12:00:00Z')
}

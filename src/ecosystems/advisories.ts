import type { Context } from 'hono'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import type { Advisory } from '#core/advisories/advisory.ts'
import type { AffectedPackage } from '#core/advisories/advisory-document.ts'
import { affects } from '#core/advisories/affects.ts'
import { advisoryEcosystem } from '#core/advisories/ecosystems.ts'
import { listAdvisories } from '#core/advisories/list-advisories.ts'
import type { App } from '#core/app.ts'
import type { EcosystemRules, ParsedName } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import { getReadablePackage, type Package, type PackageRef } from '#core/packages/package.ts'
import type { Page } from '#core/page.ts'
import { listVersions } from '#core/releases/versions.ts'
import type { Env } from './contract.ts'

const PAGE = 200

/** What of an ecosystem lists of its advisories need. */
export interface AdvisoryRules
  extends Pick<EcosystemRules, 'id' | 'parseName' | 'compareVersions'> {
  isVersion(raw: string): boolean
}

/** A page of the advisories that were asked for. */
export interface AskedAdvisories extends Page<Advisory> {
  /** The package they are about, if one was named. */
  readonly wanted: PackageRef | undefined
}

/** Advisories as the query asks for them: of a package, a version, or all. */
export async function listAsked(c: Context<Env>, rules: AdvisoryRules): Promise<AskedAdvisories> {
  const { app, actor } = c.var
  const query = new URL(c.req.url).searchParams
  const [name, version, since] = ['package', 'version', 'since'].map((key) => query.get(key))
  const after = query.get('after')
  if (version && !rules.isVersion(version)) {
    throw new RegistryError('invalid_request', 'version must be exact, such as 1.2.3')
  }
  const wanted = name ? refOf(rules, name) : undefined
  const page = await listAdvisories(app, actor, {
    limit: PAGE,
    ...(wanted && { package: wanted }),
    ...(version && { version }),
    ...(since && { since: momentOf(since) }),
    ...(after && { after }),
  })
  return { ...page, wanted }
}

/** Those advisories with the versions that are here and affected. */
export async function advisoriesFor(
  c: Context<Env>,
  rules: AdvisoryRules,
  { items, next, wanted }: AskedAdvisories,
): Promise<object> {
  const { app, actor } = c.var
  const views = items.flatMap((one) =>
    affectedOf(rules, one)
      .filter(({ package: of }) => !wanted || isSame(rules, of?.name ?? '', wanted))
      .map((affected) => viewOf({ app, actor, rules }, one, affected)),
  )
  return { advisories: await Promise.all(views), ...(next !== undefined && { next }) }
}

/** Ids of what affects a version, as metadata tells them: for a public package, what anybody may see. */
export async function advisoryIds(
  app: App,
  actor: Actor,
  { from, version, rules }: { from: Package; version: string; rules: AdvisoryRules },
): Promise<string[]> {
  const anybody: Actor = { ...ANONYMOUS, address: '', requestId: '' }
  const reader = from.visibility === 'public' ? anybody : actor
  const wanted = { package: refOf(rules, from.path), version, limit: PAGE }
  const { items } = await listAdvisories(app, reader, wanted)
  return items.map(({ id }) => id)
}

function affectedOf({ id }: AdvisoryRules, { document }: Advisory): AffectedPackage[] {
  const ecosystem = advisoryEcosystem(id)
  const isOurs = (one: AffectedPackage) => one.package?.ecosystem === ecosystem
  return document.affected.filter(isOurs)
}

/** Who asks, and of which ecosystem. */
interface Asking {
  readonly app: App
  readonly actor: Actor
  readonly rules: AdvisoryRules
}

async function viewOf(
  asking: Asking,
  { id, document }: Advisory,
  { package: of, versions = [], ranges = [], severity: own }: AffectedPackage,
) {
  const { id: ecosystem, compareVersions } = asking.rules
  const name = of?.name ?? ''
  const { aliases = [], summary, details, references = [], severity = own } = document
  const fixed = ranges.flatMap(({ events }) => events.flatMap((one) => one.fixed ?? []))
  const known = await versionsOf(asking, name)
  // What ranges come to is said of the versions that are here.
  const { withdrawn: _, ...standing } = document
  const isHit = (version: string) =>
    affects(standing, { ecosystem, name, version }, compareVersions)
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

async function versionsOf({ app, actor, rules }: Asking, name: string): Promise<string[]> {
  const parsed = readName(rules, name)
  if (!parsed) return []
  try {
    const from = await getReadablePackage(app, actor, { ecosystem: rules.id, ...parsed })
    return (await listVersions(app, from)).map(({ version }) => version)
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'package_unknown') return []
    throw error
  }
}

function isSame(rules: AdvisoryRules, name: string, wanted: ParsedName): boolean {
  const parsed = readName(rules, name)
  return parsed?.namespace === wanted.namespace && parsed.name === wanted.name
}

function momentOf(raw: string): number {
  const at = Date.parse(raw)
  if (!Number.isNaN(at)) return at
  throw new RegistryError('invalid_request', 'since must be a time, such as 2026-01-31T12:00:00Z')
}

function refOf(rules: AdvisoryRules, name: string): PackageRef {
  return { ecosystem: rules.id, ...rules.parseName(name) }
}

function readName(rules: AdvisoryRules, name: string): ParsedName | undefined {
  try {
    return rules.parseName(name)
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}

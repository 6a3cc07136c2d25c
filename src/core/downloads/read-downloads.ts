import { type App, now } from '#core/app.ts'
import { dayOf } from './count-download.ts'

/** For how many days, today included, downloads are told day by day. */
const SEASON_DAYS = 90

/** How often something was downloaded. */
export interface DownloadCounts {
  readonly total: number
  /** Within the season. */
  readonly season: number
}

/** How often on one day. */
export interface DownloadDay {
  /** Midnight UTC, in milliseconds since 1970. */
  readonly at: number
  readonly count: number
}

/** How often a release was downloaded, as far as it is written down. */
export async function countDownloads(app: App, releaseId: number): Promise<DownloadCounts> {
  const { db } = app.database
  const total = await db
    .selectFrom('downloadTotals')
    .select('count')
    .where('releaseId', '=', releaseId)
    .executeTakeFirst()
  const season = await db
    .selectFrom('downloadDays')
    .select((eb) => eb.fn.sum<number | null>('count').as('count'))
    .where('releaseId', '=', releaseId)
    .where('day', '>', lastDayBeforeSeason(app))
    .executeTakeFirstOrThrow()
  return { total: Number(total?.count ?? 0), season: Number(season.count ?? 0) }
}

/** The days of the season on which a release was downloaded, newest first. */
export async function listDownloadDays(app: App, releaseId: number): Promise<DownloadDay[]> {
  const rows = await app.database.db
    .selectFrom('downloadDays')
    .select(['day', 'count'])
    .where('releaseId', '=', releaseId)
    .where('day', '>', lastDayBeforeSeason(app))
    .orderBy('day', 'desc')
    .execute()
  return rows.map(({ day, count }) => ({ at: day * 86_400_000, count: Number(count) }))
}

/** How much an ecosystem has, and how much that is used. */
interface EcosystemCounts {
  readonly packages: number
  readonly downloads: number
}

/** For so long a count of everything is told again: what it costs grows with the registry. */
const COUNTED_MS = 10_000

/** What each process counted last, or is counting. */
const countedOf = new WeakMap<App, Map<string, { at: number; counts: Promise<EcosystemCounts> }>>()

/** Public packages of an ecosystem, and how often they were downloaded; some seconds old. */
export function countEcosystem(app: App, ecosystem: string): Promise<EcosystemCounts> {
  const counted = countedOf.get(app) ?? new Map()
  countedOf.set(app, counted)
  const at = now(app)
  const last = counted.get(ecosystem)
  if (last && Math.abs(at - last.at) < COUNTED_MS) return last.counts
  const counts = countAll(app, ecosystem)
  counted.set(ecosystem, { at, counts })
  counts.catch(() => counted.delete(ecosystem))
  return counts
}

async function countAll(app: App, ecosystem: string): Promise<EcosystemCounts> {
  const { db } = app.database
  const { packages } = await db
    .selectFrom('packages')
    .select((eb) => eb.fn.countAll<number>().as('packages'))
    .where('ecosystem', '=', ecosystem)
    .where('visibility', '=', 'public')
    .executeTakeFirstOrThrow()
  const { downloads } = await db
    .selectFrom('downloadTotals')
    .innerJoin('releases', 'releases.id', 'downloadTotals.releaseId')
    .innerJoin('packages', 'packages.id', 'releases.packageId')
    .select((eb) => eb.fn.sum<number | null>('downloadTotals.count').as('downloads'))
    .where('packages.ecosystem', '=', ecosystem)
    .where('packages.visibility', '=', 'public')
    .executeTakeFirstOrThrow()
  return { packages: Number(packages), downloads: Number(downloads ?? 0) }
}

/** The newest day that is not told any more. */
export function lastDayBeforeSeason(app: App): number {
  return dayOf(now(app)) - SEASON_DAYS
}

/**
 * How long a search takes, on SQLite and on PostgreSQL, in a registry of generated packages.
 * search.ts [--packages 200000] [--queries 2000] [--only sqlite|postgres] [--sqlite FILE, kept and used again]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { startPostgres } from '../scripts/postgres.ts'
import { openFsBlobs } from '../src/adapters/fs-blobs.ts'
import { openPostgres } from '../src/adapters/postgres.ts'
import { openSqlite } from '../src/adapters/sqlite.ts'
import { type Actor, ANONYMOUS } from '../src/core/access/actor.ts'
import type { App } from '../src/core/app.ts'
import { ReadCache } from '../src/core/cache/read-cache.ts'
import type { Database } from '../src/core/db/dialect.ts'
import { migrate } from '../src/core/db/migrations.ts'
import { rebuildSearch } from '../src/core/search/rebuild-search.ts'
import { type PackageSearch, searchPackages } from '../src/core/search/search-packages.ts'
import { ecosystems } from '../src/ecosystems/index.ts'
import { fill, type Made, makePackages, randomOf } from './search-data.ts'
import { quantile } from './statistics.ts'

const { values: flags } = parseArgs({
  options: {
    packages: { type: 'string', default: '200000' },
    queries: { type: 'string', default: '2000' },
    only: { type: 'string' },
    sqlite: { type: 'string' },
  },
})
const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }
const member: Actor = {
  ...nobody,
  kind: 'user',
  roles: new Map(Array.from({ length: 30 }, (_, n) => [n + 1, 'reader' as const])),
}

const packages = makePackages(Number(flags.packages))
const queries = makeQueries(packages, Number(flags.queries))
const directory = await mkdtemp(join(tmpdir(), 'entrepot-search-'))
try {
  if (flags.only !== 'postgres') {
    await measure('SQLite', await openSqlite(flags.sqlite ?? join(directory, 'entrepot.db')))
  }
  if (flags.only !== 'sqlite') {
    const server = await startPostgres(join(import.meta.dirname, '..'))
    try {
      const options = { url: server.url, poolSize: 4, onError: () => {} }
      await measure('PostgreSQL', await openPostgres(options))
    } finally {
      await server.stop()
    }
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}

async function measure(label: string, database: Database): Promise<void> {
  const app = await createApp(database)
  await migrate(database.db, database.dialect)
  const startedAt = performance.now()
  if (!(await app.database.db.selectFrom('packages').select('id').limit(1).executeTakeFirst())) {
    await fill(app, packages)
  }
  const filledAt = performance.now()
  if (label === 'PostgreSQL' || !flags.sqlite) await rebuildSearch(app)
  const seconds = (performance.now() - filledAt) / 1000
  if (database.dialect.kind === 'postgres') await sql`analyze`.execute(database.db)
  console.log(
    `\n${label}: ${packages.length} packages filled in ${Math.round((filledAt - startedAt) / 1000)} s, indexed in ${Math.round(seconds)} s (${Math.round(packages.length / seconds)}/s)`,
  )
  const times = new Map<string, number[]>()
  const cpus: number[] = []
  for (const { kind, search } of queries) {
    const from = performance.now()
    const cpu = process.cpuUsage()
    await searchPackages(app, kind === 'member' ? member : nobody, search)
    const took = performance.now() - from
    const { user, system } = process.cpuUsage(cpu)
    cpus.push((user + system) / 1000)
    for (const name of [kind, 'all']) times.set(name, [...(times.get(name) ?? []), took])
  }
  for (const [kind, all] of times) {
    const ms = (share: number) => quantile(all, share).toFixed(1).padStart(7)
    const name = `${kind} (${all.length})`.padEnd(18)
    console.log(`${name} p50 ${ms(0.5)} ms  p99 ${ms(0.99)} ms  max ${ms(1)} ms`)
  }
  // What is left when the machine has other work: on SQLite, all of the search.
  const cpu = (share: number) => quantile(cpus, share).toFixed(1)
  console.log(`CPU of this process: p50 ${cpu(0.5)} ms, p99 ${cpu(0.99)} ms`)
  await database.close()
}

/** What searching and indexing need of an app. */
async function createApp(database: Database): Promise<App> {
  const silent = () => {}
  const parts: Partial<App> = {
    database,
    blobs: await openFsBlobs(join(directory, 'blobs')),
    cache: new ReadCache(database.signal, 1024),
    ecosystems,
    clock: () => new Date(),
    log: { debug: silent, info: silent, warn: silent, error: silent },
  }
  return parts as App
}

interface Query {
  readonly kind: string
  readonly search: PackageSearch
}

/** What people type: names, beginnings, words, slips; with and without filters. */
function makeQueries(from: readonly Made[], count: number): Query[] {
  const random = randomOf(2)
  const anyOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const name = () => anyOf(from).name
  const wordsOf = (text: string) => text.split(/[-_. ]/)
  const slip = (text: string) => {
    const at = Math.floor(random() * (text.length - 1))
    return `${text.slice(0, at)}${text[at + 1]}${text[at]}${text.slice(at + 2)}`
  }
  const kinds: Record<string, () => PackageSearch> = {
    name: () => ({ q: name() }),
    word: () => ({ q: anyOf(wordsOf(name())) }),
    'two words': () => ({ q: wordsOf(anyOf(from).description).slice(0, 2).join(' ') }),
    beginning: () => ({ q: name().slice(0, 1 + Math.floor(random() * 5)) }),
    slip: () => ({ q: slip(name()) }),
    nonsense: () => ({ q: `xq${name().slice(0, 6)}zz` }),
    filtered: () => ({ q: anyOf(wordsOf(name())), license: 'MIT', ecosystem: 'oci' }),
    namespace: () => ({ q: anyOf(wordsOf(name())), namespace: `team-${anyOf([0, 7, 42])}` }),
    keyword: () => ({ q: '', keyword: anyOf(anyOf(from).keywords) }),
    recent: () => ({ q: 'a', updatedSince: Date.now() - 3 * 86_400_000 }),
    member: () => ({ q: anyOf(wordsOf(name())) }),
  }
  const names = Object.keys(kinds)
  return Array.from({ length: count }, (_, n) => {
    const kind = names[n % names.length] ?? 'name'
    return { kind, search: kinds[kind]?.() ?? { q: '' } }
  })
}

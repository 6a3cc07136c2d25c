import type { App } from '../src/core/app.ts'
import { change } from '../src/core/db/change.ts'

const COMMON =
  'app api core http json data web server client util test node parser tools react config log auth cli plugin file async sql cache image build type list string queue stream date event form table key hash time state graph text route model view code style color map number error task proxy socket crypto yaml xml csv html css markdown template format validate schema query search index tree array set math random uuid token session user email mail message chat bot game engine render canvas audio video player media photo pdf zip archive compress encode decode base url path fs watch sync deploy docker cloud lambda aws azure google github git hook lint format babel webpack vite rollup bundle module loader import export require package registry publish version update install download upload request response fetch router middleware express next nuxt vue angular svelte redux store context provider wrapper helper common shared internal simple fast tiny mini micro easy smart super open free native mobile android ios desktop electron window browser extension chrome firefox safari postgres mysql sqlite redis mongo elastic kafka rabbit grpc graphql rest soap rpc'.split(
    ' ',
  )
const SYLLABLES =
  'ba be bi bo ca ce co cu da de di do fa fe fi fo ga ge go ha he hi ho ja jo ka ke ki ko la le li lo ma me mi mo na ne ni no pa pe pi po ra re ri ro sa se si so ta te ti to va ve vi vo xa za ze zo qua tri plex ster nix tron wave'.split(
    ' ',
  )
const RARE_WORDS = 40_000
const BATCH = 500

/** A package of the generated registry. */
export interface Made {
  readonly name: string
  readonly description: string
  readonly keywords: readonly string[]
}

/** Always the same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** So many different names of one to four words, few words often and many seldom, as people name things. */
export function makePackages(count: number): Made[] {
  const random = randomOf(1)
  const pick = <T>(list: readonly T[], skew: number): T =>
    list[Math.floor(list.length * random() ** skew)] as T
  const rare = Array.from({ length: RARE_WORDS }, () =>
    Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(SYLLABLES, 1)).join(''),
  )
  const word = () => (random() < 0.65 ? pick(COMMON, 2.2) : pick(rare, 2))
  const words = (most: number) => Array.from({ length: 1 + Math.floor(random() * most) }, word)
  const made = new Map<string, Made>()
  while (made.size < count) {
    const name = words(4).join(pick(['-', '-', '-', '_', '.', ''], 1))
    if (made.has(name) || name.length > 60) continue
    made.set(name, { name, description: words(16).join(' '), keywords: words(6) })
  }
  return [...made.values()]
}

/** Writes packages with a release each, spread over namespaces; one in twenty is private. */
export async function fill(app: App, packages: readonly Made[]): Promise<void> {
  const at = app.clock().getTime()
  const namespaces = Math.max(1, Math.floor(packages.length / 100))
  await inBatches(Array.from({ length: namespaces }), async (rows, start) => {
    await change(app, async (tx) => {
      const labels = { consumerLabels: '{}', providerLabels: '{}', createdAt: at }
      const none = { maxBytes: null, maxPackages: null, maxProjects: null, usedBytes: 0 }
      const values = rows.map((_, n) => ({ name: `team-${start + n}`, key: `team-${start + n}` }))
      const made = await tx
        .insertInto('namespaces')
        .values(values.map((one) => ({ ...one, ...none, ...labels, status: 'active' as const })))
        .returning('id')
        .execute()
      const projects = made.map(({ id }) => ({ namespaceId: id, name: 'oci', ...labels }))
      await tx.insertInto('projects').values(projects).execute()
    })
  })
  const projects = await app.database.db
    .selectFrom('projects')
    .innerJoin('namespaces', 'namespaces.id', 'projects.namespaceId')
    .select(['projects.id', 'namespaceId', 'namespaces.name'])
    .orderBy('projects.id')
    .execute()
  await inBatches(packages, async (some, start) => {
    await change(app, async (tx) => {
      const rows = some.map(({ name }, n) => {
        const project = projects[(start + n) % projects.length]
        if (!project) throw new Error('there is no project')
        return {
          ecosystem: 'oci',
          namespaceId: project.namespaceId,
          projectId: project.id,
          name,
          key: name,
          path: `${project.name}/${name}`,
          visibility: (start + n) % 20 === 0 ? ('private' as const) : ('public' as const),
          immutableTags: 0 as const,
          contentType: '',
          labels: '{}',
          createdAt: at,
          updatedAt: at - ((start + n) % 1000) * 3_600_000,
        }
      })
      const ids = await tx.insertInto('packages').values(rows).returning('id').execute()
      const releases = ids.map(({ id }, n) => ({
        packageId: id,
        version: '1.0.0',
        digest: `sha256:${id}`,
        mediaType: 'a/b',
        size: 1,
        kind: '',
        subject: null,
        metadata: JSON.stringify({ ...some[n], license: n % 3 === 0 ? 'MIT' : 'Apache-2.0' }),
        yankedAt: null,
        createdAt: at,
        createdBy: 'bench',
      }))
      await tx.insertInto('releases').values(releases).execute()
    })
  })
}

async function inBatches<T>(
  items: readonly T[],
  write: (some: readonly T[], start: number) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < items.length; at += BATCH) await write(items.slice(at, at + BATCH), at)
}

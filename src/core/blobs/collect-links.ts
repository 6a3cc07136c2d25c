import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { App } from '#core/app.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Row, Schema, Tx } from '#core/db/schema.ts'
import {
  type CollectItem,
  type CollectRun,
  graceCutoff,
  pieces,
  READ_ROWS,
  WRITE_ROWS,
} from './collect-run.ts'
import { unlinkBlob } from './link.ts'

type Link = Pick<Row<'packageBlobs'>, 'packageId' | 'namespaceId' | 'digest'>

/** Takes blobs from packages whose releases do not name them. */
export async function* collectLinks({ app, dryRun }: CollectRun): AsyncGenerator<CollectItem[]> {
  const cutoff = graceCutoff(app)
  let after: Pick<Link, 'packageId' | 'digest'> = { packageId: 0, digest: '' }
  for (;;) {
    const links = await readLinks(app, after)
    const last = links.at(-1)
    if (!last) return
    after = last
    const unused = links.filter((link) => !link.isUsed && link.linkedAt < cutoff)
    if (unused.length === 0) yield []
    for (const inOne of Map.groupBy(unused, (link) => link.namespaceId).values()) {
      for (const some of pieces(inOne, WRITE_ROWS)) {
        const taken = dryRun ? some : await unlinkUnused(app, some, cutoff)
        yield taken.map(asItem)
      }
    }
  }
}

async function readLinks(app: App, after: Pick<Link, 'packageId' | 'digest'>) {
  return await app.database.db
    .selectFrom('packageBlobs')
    .select(['packageId', 'namespaceId', 'digest', 'linkedAt'])
    .select((e) =>
      e
        .exists(
          e
            .selectFrom('releaseFiles')
            .select('releaseId')
            .whereRef('releaseFiles.packageId', '=', 'packageBlobs.packageId')
            .whereRef('releaseFiles.digest', '=', 'packageBlobs.digest'),
        )
        .as('isUsed'),
    )
    .where((e) => e(e.refTuple('packageId', 'digest'), '>', e.tuple(after.packageId, after.digest)))
    .orderBy('packageId')
    .orderBy('digest')
    .limit(READ_ROWS)
    .execute()
}

/** Takes those of the links, all of one namespace, that still are unused and old. */
async function unlinkUnused(app: App, links: readonly Link[], cutoff: number): Promise<Link[]> {
  return await change(app, async (tx) => {
    await lockNamespace(app, tx, links)
    const { dialect } = app.database
    const held = await dialect
      .claim(
        tx
          .selectFrom('packageBlobs')
          .select(['packageId', 'namespaceId', 'digest'])
          .where(among(links))
          .where('linkedAt', '<', cutoff),
      )
      .execute()
    const unused = await withoutRelease(tx, held)
    const sizes = await sizesOf(tx, unused)
    for (const link of unused) {
      await unlinkBlob(app, tx, { ...link, size: sizes.get(link.digest) ?? 0 })
      changed(tx, packageTopic(link.packageId))
    }
    return unused
  })
}

/** Before any link, the order in which a push locks: otherwise the two could wait for each other. */
async function lockNamespace(app: App, tx: Tx, [first]: readonly Link[]): Promise<void> {
  if (!first) return
  const query = tx.selectFrom('namespaces').select('id').where('id', '=', first.namespaceId)
  await app.database.dialect.lock(query).execute()
}

/**
 * The links that no release names. Exact because it is asked after the links were locked: a
 * publish that names one either committed before, and is seen, or waits for us and then fails.
 */
async function withoutRelease(tx: Tx, links: readonly Link[]): Promise<Link[]> {
  if (links.length === 0) return []
  const named = await tx
    .selectFrom('releaseFiles')
    .select(['packageId', 'digest'])
    .where(among(links))
    .execute()
  const taken = new Set(named.map(keyOf))
  return links.filter((link) => !taken.has(keyOf(link)))
}

async function sizesOf(tx: Tx, links: readonly Link[]): Promise<Map<string, number>> {
  if (links.length === 0) return new Map()
  const digests = links.map((link) => link.digest)
  const rows = await tx
    .selectFrom('blobs')
    .select(['digest', 'size'])
    .where('digest', 'in', digests)
    .execute()
  return new Map(rows.map((row) => [row.digest, row.size]))
}

/** Rows of these packages and digests, in either of the tables that have both. */
function among(links: readonly Link[]): Expression<SqlBool> {
  const e = expressionBuilder<Schema, 'packageBlobs'>()
  return e.or(
    links.map(({ packageId, digest }) =>
      e.and([e('packageId', '=', packageId), e('digest', '=', digest)]),
    ),
  )
}

function keyOf(link: Pick<Link, 'packageId' | 'digest'>): string {
  return `${link.packageId} ${link.digest}`
}

function asItem(link: Link): CollectItem {
  return { kind: 'link', name: `package ${link.packageId} ${link.digest}`, bytes: 0 }
}

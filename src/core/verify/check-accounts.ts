import { PAGE_ROWS, type VerifyRun } from './problem.ts'

/** A sum over all blobs of a namespace: few at a time. */
const PAGE_NAMESPACES = 10

/** Every link of a package to a blob is accounted to the package's own namespace. */
export async function* checkLinks(run: VerifyRun): AsyncGenerator<number> {
  let after = { packageId: 0, digest: '' }
  for (;;) {
    const { packageId, digest } = after
    const links = await run.app.database.db
      .selectFrom('packageBlobs')
      .leftJoin('packages', 'packages.id', 'packageBlobs.packageId')
      .select(['packageBlobs.packageId', 'packageBlobs.digest', 'packageBlobs.namespaceId'])
      .select('packages.namespaceId as owner')
      .where((e) =>
        e(
          e.refTuple('packageBlobs.packageId', 'packageBlobs.digest'),
          '>',
          e.tuple(packageId, digest),
        ),
      )
      .orderBy('packageBlobs.packageId')
      .orderBy('packageBlobs.digest')
      .limit(PAGE_ROWS)
      .execute()
    const last = links.at(-1)
    if (!last) return
    after = last
    for (const link of links) {
      if (link.owner === link.namespaceId) continue
      run.report({
        kind: 'link_namespace',
        subject: `blob ${link.digest} of package ${link.packageId}`,
        detail: `it counts for namespace ${link.namespaceId}, the package is in ${link.owner}`,
      })
    }
    yield links.length
  }
}

/** Every namespace uses as many bytes as its distinct blobs have. */
export async function* checkNamespaces(run: VerifyRun): AsyncGenerator<number> {
  let after = 0
  for (;;) {
    const namespaces = await run.app.database.db
      .selectFrom('namespaces')
      .select(['id', 'name', 'usedBytes'])
      .select((e) =>
        e
          .selectFrom('blobs')
          .select((b) => b.fn.coalesce(b.fn.sum<number>('blobs.size'), b.lit(0)).as('size'))
          .where('blobs.digest', 'in', (b) =>
            b
              .selectFrom('packages')
              // Through the packages: links have no index by namespace.
              .innerJoin('packageBlobs', 'packageBlobs.packageId', 'packages.id')
              .select('packageBlobs.digest')
              .whereRef('packages.namespaceId', '=', 'namespaces.id'),
          )
          .as('linkedBytes'),
      )
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE_NAMESPACES)
      .execute()
    const last = namespaces.at(-1)
    if (!last) return
    after = last.id
    for (const { name, usedBytes, linkedBytes } of namespaces) {
      // PostgreSQL sums to a numeric, which arrives as text.
      const sum = Number(linkedBytes)
      if (usedBytes === sum) continue
      const detail = `it is charged ${usedBytes} bytes and its blobs have ${sum}`
      run.report({ kind: 'used_bytes', subject: `namespace ${name}`, detail })
    }
    yield namespaces.length
  }
}

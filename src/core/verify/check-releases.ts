import type { SqlBool } from 'kysely'
import { PAGE_ROWS, type VerifyRun } from './problem.ts'

// Each page is one query, so that rows that belong together are seen at one moment, however much
// the registry works meanwhile.

/** Every release has files, and the one that it is by its digest is among them; a tombstone none. */
export async function* checkReleases(run: VerifyRun): AsyncGenerator<number> {
  let after = 0
  for (;;) {
    const releases = await run.app.database.db
      .selectFrom('releases')
      .select(['id', 'packageId', 'version', 'digest', 'removedAt'])
      .select((e) => {
        const files = e
          .selectFrom('releaseFiles')
          .select('releaseFiles.releaseId')
          .whereRef('releaseFiles.releaseId', '=', 'releases.id')
        return [
          e.exists(files).as('hasFiles'),
          e.exists(files.whereRef('releaseFiles.digest', '=', 'releases.digest')).as('hasDigest'),
        ]
      })
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE_ROWS)
      .execute()
    const last = releases.at(-1)
    if (!last) return
    after = last.id
    for (const release of releases) reportRelease(run, release)
    yield releases.length
  }
}

interface ReleaseRow {
  readonly packageId: number
  readonly version: string
  readonly digest: string
  readonly removedAt: number | null
  readonly hasFiles: SqlBool
  readonly hasDigest: SqlBool
}

function reportRelease(run: VerifyRun, release: ReleaseRow): void {
  const subject = `release ${release.version} of package ${release.packageId}`
  if (release.removedAt !== null) {
    if (!release.hasFiles) return
    run.report({ kind: 'release_removed', subject, detail: 'it was removed and has files' })
  } else if (!release.hasFiles) {
    run.report({ kind: 'release_empty', subject, detail: 'it has no files' })
  } else if (!release.hasDigest) {
    const detail = `its digest ${release.digest} is none of its files: collection would take it`
    run.report({ kind: 'release_digest', subject, detail })
  }
}

/** Every file of a release is a blob of that size which the release's package has. */
export async function* checkFiles(run: VerifyRun): AsyncGenerator<number> {
  let after = { releaseId: 0, position: -1 }
  for (;;) {
    const { releaseId, position } = after
    const files = await run.app.database.db
      .selectFrom('releaseFiles')
      .innerJoin('releases', 'releases.id', 'releaseFiles.releaseId')
      .leftJoin('blobs', 'blobs.digest', 'releaseFiles.digest')
      .leftJoin('packageBlobs', (join) =>
        join
          .onRef('packageBlobs.packageId', '=', 'releases.packageId')
          .onRef('packageBlobs.digest', '=', 'releaseFiles.digest'),
      )
      .select(['releaseFiles.releaseId', 'releaseFiles.position', 'releaseFiles.packageId'])
      .select(['releaseFiles.digest', 'releaseFiles.size', 'releases.packageId as owner'])
      .select(['blobs.size as blobSize', 'packageBlobs.packageId as linkedTo'])
      .where((e) =>
        e(
          e.refTuple('releaseFiles.releaseId', 'releaseFiles.position'),
          '>',
          e.tuple(releaseId, position),
        ),
      )
      .orderBy('releaseFiles.releaseId')
      .orderBy('releaseFiles.position')
      .limit(PAGE_ROWS)
      .execute()
    const last = files.at(-1)
    if (!last) return
    after = last
    for (const file of files) reportFile(run, file)
    yield files.length
  }
}

interface FileRow {
  readonly releaseId: number
  readonly position: number
  readonly packageId: number
  readonly digest: string
  readonly size: number
  readonly owner: number
  readonly blobSize: number | null
  readonly linkedTo: number | null
}

function reportFile(run: VerifyRun, file: FileRow): void {
  const subject = `file ${file.position} of release ${file.releaseId}`
  const { blobSize, digest } = file
  if (blobSize === null) {
    run.report({ kind: 'file_blob', subject, detail: `there is no blob ${digest}` })
  } else if (blobSize !== file.size) {
    const detail = `it says ${file.size} bytes and blob ${digest} has ${blobSize}`
    run.report({ kind: 'file_size', subject, detail })
  }
  if (file.linkedTo === null || file.packageId !== file.owner) {
    const detail = `package ${file.owner}, whose release it is, does not have ${digest}`
    run.report({ kind: 'file_link', subject, detail })
  }
}

/** Every tag points to a release of its own package. */
export async function* checkTags(run: VerifyRun): AsyncGenerator<number> {
  let after = { packageId: 0, name: '' }
  for (;;) {
    const { packageId, name } = after
    const tags = await run.app.database.db
      .selectFrom('tags')
      .leftJoin('releases', 'releases.id', 'tags.releaseId')
      .select(['tags.packageId', 'tags.name', 'tags.releaseId', 'releases.packageId as owner'])
      .where((e) => e(e.refTuple('tags.packageId', 'tags.name'), '>', e.tuple(packageId, name)))
      .orderBy('tags.packageId')
      .orderBy('tags.name')
      .limit(PAGE_ROWS)
      .execute()
    const last = tags.at(-1)
    if (!last) return
    after = last
    for (const tag of tags) {
      if (tag.owner === tag.packageId) continue
      run.report({
        kind: 'tag_release',
        subject: `tag ${tag.name} of package ${tag.packageId}`,
        detail: `it points to release ${tag.releaseId} of package ${tag.owner ?? '(none)'}`,
      })
    }
    yield tags.length
  }
}

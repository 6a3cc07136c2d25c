import { openDatabase } from '#runtime/sqlite.ts'

const ROWS_AT_ONCE = 50_000

/** What a manifest is in the database, for numbers from ?1 to ?2, like the newest one that was pushed. */
const TABLES = [
  `insert into blobs (digest, size, locator, created_at)
   select numbers.digest, size, 'none/' || n, created_at from model, numbers`,
  `insert into package_blobs (package_id, namespace_id, digest, linked_at)
   select package_id, namespace_id, numbers.digest, created_at from model, numbers`,
  `insert into releases (package_id, version, digest, media_type, size, kind, subject, metadata, created_at, created_by)
   select package_id, numbers.digest, numbers.digest, media_type, size, kind, null, metadata, created_at, created_by from model, numbers`,
  `insert into release_files (release_id, position, package_id, role, digest, media_type, size)
   select releases.id, 0, model.package_id, 'manifest', releases.digest, model.media_type, model.size
   from model, numbers join releases on releases.package_id = model.package_id and releases.version = numbers.digest`,
  `insert into tags (package_id, name, release_id, updated_at)
   select model.package_id, 'm' || n, releases.id, model.created_at
   from model, numbers join releases on releases.package_id = model.package_id and releases.version = numbers.digest`,
]
const WITH = `
  with recursive counter (n) as (select ?1 union all select n + 1 from counter where n < ?2),
  numbers as (select n, 'sha256:' || printf('%064x', n * 2654435761) as digest from counter),
  model as (
    select releases.*, packages.namespace_id from releases
    join packages on packages.id = releases.package_id order by releases.id desc limit 1
  )`

/** Adds the rows of manifests, and no bytes, beside a running server. */
export function fillRows(
  databasePath: string,
  { first, last }: { first: number; last: number },
  progress: (text: string) => void,
): void {
  const database = openDatabase(databasePath)
  database.exec('pragma busy_timeout = 30000')
  database.exec('pragma synchronous = off')
  for (let from = first; from <= last; from += ROWS_AT_ONCE) {
    const to = Math.min(from + ROWS_AT_ONCE - 1, last)
    database.exec('begin immediate')
    for (const table of TABLES) database.prepare(`${WITH} ${table}`).run([from, to])
    database.exec('commit')
    progress(`filled in rows up to ${to}`)
  }
  database.close()
}

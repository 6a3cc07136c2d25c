import type { App } from '#core/app.ts'

const PATHS_PER_QUERY = 500

/** How packages were spelled by their first publishers, by path; only where that was kept. */
export async function listSpellings(
  app: App,
  ecosystem: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (let at = 0; at < paths.length; at += PATHS_PER_QUERY) {
    const rows = await app.database.db
      .selectFrom('packages')
      .select(['path', 'spelling'])
      .where('ecosystem', '=', ecosystem)
      .where('path', 'in', paths.slice(at, at + PATHS_PER_QUERY))
      .where('spelling', 'is not', null)
      .execute()
    for (const { path, spelling } of rows) if (spelling !== null) found.set(path, spelling)
  }
  return found
}

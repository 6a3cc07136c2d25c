import type { Db, Row } from '#core/db/schema.ts'
import type { IndexFile } from '#core/ecosystem.ts'
import { applyEdit, undoEdit } from './text-edit.ts'

/** A commit of an index, and the files it changed as they were after it; an empty one went. */
export interface PastCommit extends Row<'indexCommits'> {
  readonly files: readonly IndexFile[]
}

type Edit = Row<'indexEdits'>

/** Edits that are told backwards from the files of now; more are told forwards from the beginning. */
const MAX_RECENT_EDITS = 5_000
const PAGE_ROWS = 1_000

/**
 * The commits after one, in order; 0 is before the first. The newest ones cost as much as they
 * changed. Throws when the history has a gap: then it was squashed meanwhile.
 */
export async function* commitsAfter(
  db: Db,
  ecosystem: string,
  after: number,
): AsyncGenerator<PastCommit> {
  const recent = after === 0 ? undefined : await recentVersions(db, ecosystem, after)
  const commits = everyCommit(db, ecosystem, after)
  for await (const [number, files] of recent ?? allVersions(db, ecosystem)) {
    if (number <= after) continue
    // Every commit changed something.
    const { value: commit } = await commits.next()
    if (commit?.number !== number) throw new Error('the history of the index changed')
    yield { ...commit, files }
  }
}

/** The number of the commit of that name; undefined when it is not in the history. */
export async function findCommitNumber(
  db: Db,
  ecosystem: string,
  commitId: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('indexCommits')
    .select('number')
    .where('ecosystem', '=', ecosystem)
    .where('commitId', '=', commitId)
    .executeTakeFirst()
  return row?.number
}

async function* everyCommit(
  db: Db,
  ecosystem: string,
  after: number,
): AsyncGenerator<Row<'indexCommits'>, undefined> {
  for (let last = after; ; ) {
    const commits = await db
      .selectFrom('indexCommits')
      .selectAll()
      .where('ecosystem', '=', ecosystem)
      .where('number', '>', last)
      .orderBy('number')
      .limit(PAGE_ROWS)
      .execute()
    yield* commits
    const newest = commits.at(-1)
    if (!newest) return undefined
    last = newest.number
  }
}

/** By number, what the newest commits made of the files they changed; undefined for too many. */
async function recentVersions(
  db: Db,
  ecosystem: string,
  after: number,
): Promise<Map<number, IndexFile[]> | undefined> {
  // One statement, so that the files are those after the last of these edits.
  const edits = await db
    .selectFrom('indexEdits as edits')
    .leftJoin('indexFiles as files', (join) =>
      join.onRef('files.ecosystem', '=', 'edits.ecosystem').onRef('files.path', '=', 'edits.path'),
    )
    .select(['edits.number', 'edits.path', 'edits.start', 'edits.removed', 'edits.added'])
    .select('files.text')
    .where('edits.ecosystem', '=', ecosystem)
    .where('edits.number', '>', after)
    .orderBy('edits.number', 'desc')
    .limit(MAX_RECENT_EDITS + 1)
    .execute()
  if (edits.length > MAX_RECENT_EDITS) return undefined
  const texts = new Map<string, string>()
  const newestFirst = edits.map(({ text: newest, ...edit }) => {
    const text = texts.get(edit.path) ?? newest ?? ''
    texts.set(edit.path, undoEdit(text, edit))
    return { number: edit.number, file: { path: edit.path, text } }
  })
  const versions = new Map<number, IndexFile[]>()
  for (const { number, file } of newestFirst.reverse()) {
    const files = versions.get(number) ?? []
    versions.set(number, files)
    files.push(file)
  }
  return versions
}

/** What every commit made of the files it changed. Holds the texts of the whole index. */
async function* allVersions(
  db: Db,
  ecosystem: string,
): AsyncGenerator<readonly [number, IndexFile[]]> {
  const texts = new Map<string, string>()
  let number = 0
  let files: IndexFile[] = []
  for await (const edit of everyEdit(db, ecosystem)) {
    if (edit.number !== number && files.length > 0) {
      yield [number, files]
      files = []
    }
    number = edit.number
    const text = applyEdit(texts.get(edit.path) ?? '', edit)
    if (text === '') texts.delete(edit.path)
    else texts.set(edit.path, text)
    files.push({ path: edit.path, text })
  }
  if (files.length > 0) yield [number, files]
}

async function* everyEdit(db: Db, ecosystem: string): AsyncGenerator<Edit> {
  let last: Pick<Edit, 'number' | 'path'> = { number: 0, path: '' }
  for (;;) {
    const { number, path } = last
    const edits = await db
      .selectFrom('indexEdits')
      .selectAll()
      .where('ecosystem', '=', ecosystem)
      .where((eb) =>
        eb.or([
          eb('number', '>', number),
          eb.and([eb('number', '=', number), eb('path', '>', path)]),
        ]),
      )
      .orderBy('number')
      .orderBy('path')
      .limit(PAGE_ROWS)
      .execute()
    yield* edits
    const newest = edits.at(-1)
    if (!newest) return
    last = newest
  }
}

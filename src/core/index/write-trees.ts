import type { Db, Tx } from '#core/db/schema.ts'
import { type TreeEntry, treeId } from './git-objects.ts'

/** Rows in one statement. */
const BATCH = 500

/**
 * Names the folders again in which files changed, and those around them, as git does; answers the
 * name of the root. Reads those folders' entries only: what it costs does not grow with the index.
 */
export async function writeTrees(
  tx: Tx,
  ecosystem: string,
  changed: Iterable<string>,
): Promise<string> {
  const waiting = new Set(changed)
  waiting.add('')
  for (;;) {
    // The deepest first: a folder's name is made of those of the folders in it.
    const depth = Math.max(...[...waiting].map(depthOf))
    const level = [...waiting].filter((folder) => depthOf(folder) === depth)
    const entries = await readEntries(tx, ecosystem, level)
    if (depth === 0) return treeId(entries.get('') ?? [])
    await writeLevel(tx, ecosystem, { level, entries })
    for (const folder of level) {
      waiting.delete(folder)
      waiting.add(folderOf(folder))
    }
  }
}

/** The name that all files of the index lead to: the same without what is remembered of folders. */
export async function computeTree(db: Db, ecosystem: string): Promise<string> {
  const files = await db
    .selectFrom('indexFiles')
    .select(['path', 'folder', 'blobId'])
    .where('ecosystem', '=', ecosystem)
    .execute()
  const folders = new Map<string, TreeEntry[]>([['', []]])
  const into = (folder: string): TreeEntry[] => {
    const found = folders.get(folder) ?? []
    folders.set(folder, found)
    if (folder !== '') into(folderOf(folder))
    return found
  }
  for (const { path, folder, blobId } of files) {
    into(folder).push({ name: nameOf(path), id: blobId, isFolder: false })
  }
  const deepestFirst = [...folders.keys()].sort((a, b) => depthOf(b) - depthOf(a))
  for (const folder of deepestFirst) {
    if (folder === '') continue
    const id = treeId(folders.get(folder) ?? [])
    into(folderOf(folder)).push({ name: nameOf(folder), id, isFolder: true })
  }
  return treeId(folders.get('') ?? [])
}

/** The folder that a path is in; empty for the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function depthOf(folder: string): number {
  return folder === '' ? 0 : folder.split('/').length
}

async function readEntries(
  tx: Tx,
  ecosystem: string,
  level: readonly string[],
): Promise<Map<string, TreeEntry[]>> {
  const found = new Map<string, TreeEntry[]>()
  const add = (folder: string, entry: TreeEntry) => {
    const entries = found.get(folder) ?? []
    found.set(folder, entries)
    entries.push(entry)
  }
  for (let at = 0; at < level.length; at += BATCH) {
    const some = level.slice(at, at + BATCH)
    const files = await tx
      .selectFrom('indexFiles')
      .select(['folder', 'path', 'blobId'])
      .where('ecosystem', '=', ecosystem)
      .where('folder', 'in', some)
      .execute()
    for (const { folder, path, blobId } of files) {
      add(folder, { name: nameOf(path), id: blobId, isFolder: false })
    }
    const folders = await tx
      .selectFrom('indexFolders')
      .select(['parent', 'path', 'treeId'])
      .where('ecosystem', '=', ecosystem)
      .where('parent', 'in', some)
      .execute()
    for (const { parent, path, treeId: id } of folders) {
      add(parent, { name: nameOf(path), id, isFolder: true })
    }
  }
  return found
}

/** A folder without entries is none. */
async function writeLevel(
  tx: Tx,
  ecosystem: string,
  { level, entries }: { level: readonly string[]; entries: ReadonlyMap<string, TreeEntry[]> },
): Promise<void> {
  for (let at = 0; at < level.length; at += BATCH) {
    const some = level.slice(at, at + BATCH)
    await tx
      .deleteFrom('indexFolders')
      .where('ecosystem', '=', ecosystem)
      .where('parent', 'in', [...new Set(some.map(folderOf))])
      .where('path', 'in', some)
      .execute()
    const rows = some.flatMap((path) => {
      const found = entries.get(path)
      return found ? [{ ecosystem, parent: folderOf(path), path, treeId: treeId(found) }] : []
    })
    if (rows.length > 0) await tx.insertInto('indexFolders').values(rows).execute()
  }
}

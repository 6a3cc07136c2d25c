import { createHash } from 'node:crypto'

/** An entry of a folder: a plain file, or a folder. */
export interface TreeEntry {
  readonly name: string
  readonly id: string
  readonly isFolder: boolean
}

/** A commit as git stores it. */
export interface CommitObject {
  readonly treeId: string
  /** Empty: it has none. */
  readonly parentId: string
  /** Author and committer. */
  readonly who: string
  /** Seconds since 1970. */
  readonly at: number
  readonly message: string
}

/** As git names a file's content. */
export function blobId(text: string): string {
  return objectId('blob', Buffer.from(text))
}

/** As git names a folder. */
export function treeId(entries: readonly TreeEntry[]): string {
  const sorted = entries
    // Git sorts a folder as if its name ended with a slash.
    .map((entry) => ({
      ...entry,
      key: Buffer.from(entry.isFolder ? `${entry.name}/` : entry.name),
    }))
    .sort((one, other) => Buffer.compare(one.key, other.key))
  const parts = sorted.flatMap(({ name, id, isFolder }) => [
    Buffer.from(`${isFolder ? '40000' : '100644'} ${name}\0`),
    Buffer.from(id, 'hex'),
  ])
  return objectId('tree', Buffer.concat(parts))
}

/** As git names a commit. */
export function commitId({ treeId, parentId, who, at, message }: CommitObject): string {
  const lines = [
    `tree ${treeId}`,
    ...(parentId === '' ? [] : [`parent ${parentId}`]),
    `author ${who} ${at} +0000`,
    `committer ${who} ${at} +0000`,
    '',
    message,
  ]
  return objectId('commit', Buffer.from(lines.join('\n')))
}

/** Git names objects by SHA-1; nothing here relies on it against forgery. */
function objectId(type: 'blob' | 'tree' | 'commit', content: Uint8Array): string {
  const header = `${type} ${content.byteLength}\0`
  return createHash('sha1').update(header).update(content).digest('hex')
}

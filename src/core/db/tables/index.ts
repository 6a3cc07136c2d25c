import type { Generated } from 'kysely'
import type { Json, Millis } from '#core/db/columns.ts'

/** The indices that clients resolve from. */
export interface IndexTables {
  /** One row per index: its newest commit, and what it tells of the registry. */
  indexState: {
    ecosystem: string
    /** Of the newest commit; 0 before the first. */
    number: number
    commitId: string
    facts: Json
  }
  /** Packages that changed since they were last looked at for their index. */
  indexChanges: {
    seq: Generated<number>
    ecosystem: string
    /** It may be gone; 0 stands for the files that are about no package. */
    packageId: number
    createdAt: Millis
  }
  /** The files of each index as of its newest commit; made of the packages. */
  indexFiles: {
    ecosystem: string
    path: string
    /** The path's folder; empty at the root. */
    folder: string
    /** Null: about no package. */
    packageId: number | null
    /** As git names the text. */
    blobId: string
    text: string
  }
  /** As git names the folders of each index; made of its files. */
  indexFolders: { ecosystem: string; parent: string; path: string; treeId: string }
  /** The history of each index: with their edits all that its repository is made of. */
  indexCommits: {
    ecosystem: string
    number: number
    /** As git names it; it follows from the rest. */
    commitId: string
    treeId: string
    /** Empty: it has none. */
    parentId: string
    message: string
    createdAt: Millis
  }
  /** What a commit changed in a file; a file that is not there is an empty text. */
  indexEdits: {
    ecosystem: string
    number: number
    path: string
    /** In UTF-16 units, as JavaScript counts. */
    start: number
    removed: string
    added: string
  }
}

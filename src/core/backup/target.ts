/** A file as it was written. */
export interface WrittenFile {
  readonly size: number
  /** Hex. */
  readonly sha256: string
}

/** A blob that a target has. */
export interface TargetBlob {
  readonly digest: string
  readonly size: number
}

/**
 * Where backups are kept: a directory, later an object store. Blobs are shared by all snapshots and
 * named by their digest; what else a snapshot has are files of its own. Names of snapshots and files
 * are letters, digits and `-_.`; those of files may have one `/`. Only one writer at a time.
 */
export interface BackupTarget {
  /** For people. */
  readonly place: string
  /** Whether there is a blob of that digest and size; its bytes were checked when it was written. */
  hasBlob(blob: TargetBlob): Promise<boolean>
  /** Stores a blob, whole or not at all, having checked that its bytes have the digest. */
  writeBlob(digest: string, body: AsyncIterable<Uint8Array>): Promise<void>
  /** The bytes; undefined when there are none. */
  readBlob(digest: string): Promise<AsyncIterable<Uint8Array> | undefined>
  listBlobs(): AsyncIterable<TargetBlob>
  deleteBlob(digest: string): Promise<void>
  /** Stores a file of a snapshot, whole or not at all. */
  writeFile(snapshot: string, name: string, body: AsyncIterable<Uint8Array>): Promise<WrittenFile>
  readFile(snapshot: string, name: string): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Makes everything that was written survive a power cut. */
  flush(): Promise<void>
  /** The names of all snapshots, also of those that were never finished, in order. */
  listSnapshots(): Promise<string[]>
  deleteSnapshot(snapshot: string): Promise<void>
}

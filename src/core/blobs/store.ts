/** A byte range: start inclusive, end exclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Bytes ready to be read, and the fast path when they are a local file. */
interface OpenBlob {
  readonly stream: () => ReadableStream<Uint8Array>
  /** Set by stores on a local disk: the server then sends the file itself. */
  readonly path?: string
}

/** What finished parts turned out to be. */
export interface StoredBlob {
  readonly locator: string
  readonly size: number
}

/** A piece of an upload, as far as it came. */
export interface WrittenPart {
  readonly size: number
  /** Why the body ended early (the client went away); the bytes before that are kept. */
  readonly failure?: unknown
}

/**
 * Where the bytes are. Knows nothing of packages or permissions: the database says which parts and
 * locators are alive and who may read them. Ids of parts are made by the caller and never reused;
 * a locator is made once and never reused; bytes under it never change. Several processes may use
 * one store at once.
 */
export interface BlobStore {
  /** What keeps the bytes, for people and for OPM's list of components. */
  readonly kind: 'filesystem' | 's3' | 'gcs'
  /**
   * Writes one part of an upload, hashing on the way. When the body throws, what came before is
   * kept and the failure is returned. Throws `too_large` beyond `maxBytes` and `storage_full` when
   * the disk is; the part is then gone. At most one write is in flight: a slow disk slows the body.
   */
  writePart(partId: string, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<WrittenPart>
  /**
   * Makes the parts, in order, one durable run of bytes under a new locator, having checked them
   * against `digest`; throws `digest_invalid` (parts kept) when they differ, `upload_unknown` when
   * a part is not there. No parts is the empty run. When this resolves the bytes survive a power
   * cut and the parts are used up. One part is not copied.
   */
  finish(partIds: readonly string[], digest: string): Promise<StoredBlob>
  /** Durably stores bytes at hand (a manifest) under a new locator; the caller knows their digest. */
  put(digest: string, bytes: Uint8Array): Promise<StoredBlob>
  /** Forgets a part; says nothing when there is none. */
  abort(partId: string): Promise<void>
  /** Opens bytes for reading. Throws `blob_unknown` when the store has no such locator. */
  open(locator: string, range?: ByteRange): Promise<OpenBlob>
  /** Size in bytes, or undefined when the store has no such locator. */
  size(locator: string): Promise<number | undefined>
  /** Deletes bytes; says nothing when there are none. A reader that has them open finishes. */
  delete(locator: string): Promise<void>
  /** Every locator last written before `olderThan`, in no order, for finding orphans. */
  listLocators(olderThan: Date): AsyncIterable<string>
  /** Every part id last written before `olderThan`. */
  listParts(olderThan: Date): AsyncIterable<string>
  /** Throws unless bytes can be written and read back. */
  check(): Promise<void>
}

import { createHash, type Hash } from 'node:crypto'
import { decodeName, type PathLimits, parseArchivePath } from './archive-path.ts'
import { gunzip } from './gunzip.ts'
import { PathTree } from './path-tree.ts'
import { refuse } from './refusal.ts'
import { type TarEntry, type TarListener, TarReader, type TarRules } from './tar-reader.ts'

/** How large, deep and dense an archive may be. */
export interface ArchiveLimits extends PathLimits, TarRules {
  readonly maxCompressedBytes: number
  /** Of the whole tar file, headers included. */
  readonly maxUnpackedBytes: number
  /** Unpacked ÷ compressed. The first MiB is free: a small tar is mostly zeroes. */
  readonly maxRatio: number
  /** Files and folders. */
  readonly maxEntries: number
  readonly maxFileBytes: number
  /**
   * Says whether the first entry's outermost folder is only packaging. It is then left out of the
   * paths, and everything must be inside it. Without this, paths are told as they are.
   */
  readonly isTopFolder?: (name: string) => boolean
}

/** One file of an archive. */
export interface ArchivedFile {
  readonly path: string
  readonly size: number
  readonly isExecutable: boolean
  /** `sha256:…` */
  readonly digest: string
  /** Set when the caller wanted them. */
  readonly bytes?: Uint8Array
}

/** What a good archive holds. */
export interface Archive {
  /** In the order of the archive. Folders are not listed. */
  readonly files: readonly ArchivedFile[]
  readonly compressedSize: number
  readonly unpackedSize: number
  /** What was left out of the paths. */
  readonly topFolder?: string
}

/** How many bytes of a file the caller would take at most; undefined when none. A longer one is refused. */
export type WantFile = (path: string, size: number) => number | undefined

const RATIO_FREE_BYTES = 1024 * 1024
const SET_ID_BITS = 0o6000

/**
 * Reads a gzip tar as a stream, in flat memory and without touching the disk, and tells what is in it.
 * Whatever is not plain, portable and unambiguous throws `unprocessable` with details `{file, rule}`;
 * what `source` throws passes unchanged. The limits alone decide how much work an archive can cause.
 */
export async function inspectArchive(
  source: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
  want: WantFile = () => undefined,
): Promise<Archive> {
  const inspection = new Inspection(limits, want)
  const tar = new TarReader(inspection, limits)
  const sizes = await gunzip(source, limits.maxCompressedBytes, async (content) => {
    let unpacked = 0
    for await (const chunk of content) {
      unpacked += chunk.byteLength
      if (unpacked > limits.maxUnpackedBytes) {
        const message = `the archive has more than ${limits.maxUnpackedBytes} bytes unpacked`
        refuse('unpacked-size', message, inspection.path)
      }
      tar.write(chunk)
    }
  })
  tar.end()
  // Judged at the end, so that the answer does not depend on how the bytes were cut.
  if (sizes.unpacked > Math.max(RATIO_FREE_BYTES, sizes.compressed * limits.maxRatio)) {
    refuse('ratio', `unpacks to more than ${limits.maxRatio} times its size`)
  }
  return {
    files: inspection.files,
    compressedSize: sizes.compressed,
    unpackedSize: sizes.unpacked,
    ...(inspection.topFolder !== undefined && { topFolder: inspection.topFolder }),
  }
}

interface OpenFile {
  readonly path: string
  readonly size: number
  readonly isExecutable: boolean
  readonly hash: Hash
  readonly chunks: Uint8Array[] | undefined
}

/** Judges the entries of one archive as they come. */
class Inspection implements TarListener {
  readonly files: ArchivedFile[] = []
  topFolder: string | undefined
  /** The entry being read, for messages. */
  path: string | undefined
  readonly #limits: ArchiveLimits
  readonly #want: WantFile
  readonly #tree = new PathTree()
  #entries = 0
  #isFirst = true
  #open: OpenFile | undefined

  constructor(limits: ArchiveLimits, want: WantFile) {
    this.#limits = limits
    this.#want = want
  }

  start(entry: TarEntry): void {
    const name = decodeName(entry.name)
    this.path = name
    this.#entries++
    if (this.#entries > this.#limits.maxEntries) {
      refuse('entries', `the archive has more than ${this.#limits.maxEntries} entries`, name)
    }
    const isFolder = entry.type === 'folder'
    const segments = parseArchivePath(isFolder ? name.replace(/\/$/, '') : name, this.#limits)
    if (segments.length === 0) {
      if (!isFolder) refuse('path-syntax', 'a file without a name', name)
      return
    }
    this.#tree.add(segments, entry.type)
    const path = this.#strip(segments, isFolder).join('/')
    if (!isFolder) this.#openFile(path, entry)
  }

  data(bytes: Uint8Array): void {
    this.#open?.hash.update(bytes)
    // A copy: the tar reader's buffer is used again.
    this.#open?.chunks?.push(Uint8Array.from(bytes))
  }

  end(): void {
    if (!this.#open) return
    const { path, size, isExecutable, hash, chunks } = this.#open
    this.#open = undefined
    const digest = `sha256:${hash.digest('hex')}`
    const bytes = chunks && new Uint8Array(Buffer.concat(chunks))
    this.files.push({ path, size, isExecutable, digest, ...(bytes && { bytes }) })
  }

  #openFile(path: string, entry: TarEntry): void {
    const { size, mode } = entry
    if (mode & SET_ID_BITS) refuse('mode', 'set-user-id and set-group-id are not allowed', path)
    const wanted = this.#want(path, size)
    const maxBytes = Math.min(this.#limits.maxFileBytes, wanted ?? Number.POSITIVE_INFINITY)
    if (size > maxBytes) refuse('file-size', `${size} bytes; at most ${maxBytes}`, path)
    this.#open = {
      path,
      size,
      isExecutable: (mode & 0o100) !== 0,
      hash: createHash('sha256'),
      chunks: wanted === undefined ? undefined : [],
    }
  }

  #strip(segments: string[], isFolder: boolean): string[] {
    const [first = '', ...rest] = segments
    const isInside = isFolder || rest.length > 0
    if (this.#isFirst) {
      this.#isFirst = false
      if (isInside && this.#limits.isTopFolder?.(first)) this.topFolder = first
    }
    if (this.topFolder === undefined) return segments
    if (first !== this.topFolder || !isInside) {
      refuse('top-folder', `everything must be inside ${this.topFolder}/`, segments.join('/'))
    }
    return rest
  }
}

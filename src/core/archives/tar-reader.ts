import { showName } from './archive-path.ts'
import { checkLongNameHeader, longName, parseLongName } from './long-name.ts'
import { MAX_PAX_BYTES, parsePax, paxName } from './pax.ts'
import { type ArchiveRule, refuse } from './refusal.ts'
import { BLOCK_BYTES, parseTarHeader, type TarHeader } from './tar-header.ts'

/** An entry before its name is judged. */
export interface TarEntry {
  readonly type: 'file' | 'folder'
  readonly name: Uint8Array
  readonly size: number
  readonly mode: number
}

/** Who hears of the entries, one after the other. */
export interface TarListener {
  start(entry: TarEntry): void
  /** Some of the entry's bytes; they are not the listener's to keep. */
  data(bytes: Uint8Array): void
  end(): void
}

/** What two readers may understand differently and is taken all the same, where the caller says so. */
export interface TarRules {
  /** GNU's entries of type L. */
  readonly allowGnuLongNames?: boolean
}

/** What an extension before an entry says of it. */
interface Override {
  /** What is broken when no entry follows. */
  readonly rule: ArchiveRule
  readonly path: Uint8Array | undefined
  nameOf(header: TarHeader): Uint8Array
}

/** An entry that only says something of the next one, while it is read. */
interface Extension {
  readonly bytes: Uint8Array
  read(bytes: Uint8Array, file: string): Override
}

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES)

/**
 * Reads POSIX tar with pax headers from chunks of any size. Stricter than any library at hand (they
 * apply every override, follow GNU extensions and stop at the first end mark in silence): whatever two
 * readers could understand differently is refused. Holds one block and at most one extension.
 */
export class TarReader {
  readonly #listener: TarListener
  readonly #rules: TarRules
  readonly #block = new Uint8Array(BLOCK_BYTES)
  #filled = 0
  /** Bytes of the entry, and zeroes behind it, that are still to come. */
  #remaining = 0
  #padding = 0
  #extension: Extension | undefined
  #override: Override | undefined
  #zeroBlocks = 0
  #file: string | undefined

  constructor(listener: TarListener, rules: TarRules = {}) {
    this.#listener = listener
    this.#rules = rules
  }

  write(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.byteLength > 0) rest = rest.subarray(this.#take(rest))
  }

  /** Says that nothing more comes. */
  end(): void {
    if (this.#remaining + this.#padding > 0 || this.#override) {
      refuse('tar-truncated', 'the tar file ends inside the entry', this.#file)
    }
    if (this.#filled > 0 || this.#zeroBlocks < 2) {
      refuse('tar-truncated', 'the tar file has no proper end')
    }
  }

  /** Uses up the first bytes of a chunk and says how many. */
  #take(bytes: Uint8Array): number {
    if (this.#remaining > 0) return this.#takeBody(bytes)
    if (this.#padding > 0) return this.#takePadding(bytes)
    const used = Math.min(bytes.byteLength, BLOCK_BYTES - this.#filled)
    this.#block.set(bytes.subarray(0, used), this.#filled)
    this.#filled += used
    if (this.#filled === BLOCK_BYTES) {
      this.#filled = 0
      this.#takeBlock()
    }
    return used
  }

  #takeBlock(): void {
    if (ZERO_BLOCK.equals(this.#block)) {
      if (this.#override) refuse(this.#override.rule, 'an extension without an entry', this.#file)
      this.#zeroBlocks++
      return
    }
    if (this.#zeroBlocks > 0) refuse('tar-trailing', 'something follows the end of the tar file')
    const header = parseTarHeader(this.#block, this.#override?.path)
    this.#remaining = header.size
    this.#padding = -header.size & (BLOCK_BYTES - 1)
    if (header.type === 'pax' || header.type === 'long-name') this.#startExtension(header)
    else this.#startEntry(header)
    if (this.#remaining === 0) this.#finish()
  }

  #startExtension(header: TarHeader): void {
    this.#file = showName(header.name)
    if (this.#override) refuse(this.#override.rule, 'two extensions of one entry', this.#file)
    if (header.type === 'pax') {
      if (header.size > MAX_PAX_BYTES) {
        refuse('pax-header', `a pax header of more than ${MAX_PAX_BYTES} bytes`, this.#file)
      }
      this.#extension = { bytes: new Uint8Array(header.size), read: readPax }
      return
    }
    if (!this.#rules.allowGnuLongNames) {
      const message = 'GNU long names are not allowed: pack with --format=pax'
      refuse('gnu-long-name', message, this.#file)
    }
    checkLongNameHeader(header)
    this.#extension = { bytes: new Uint8Array(header.size), read: readLongName }
  }

  #startEntry(header: TarHeader): void {
    const name = this.#override?.nameOf(header) ?? header.name
    this.#override = undefined
    this.#file = showName(name)
    const type = header.type === 'folder' ? 'folder' : 'file'
    if (type === 'folder' && header.size > 0) {
      refuse('tar-header', 'a folder with content', this.#file)
    }
    this.#listener.start({ type, name, size: header.size, mode: header.mode })
  }

  #takeBody(bytes: Uint8Array): number {
    const body = bytes.subarray(0, this.#remaining)
    const held = this.#extension?.bytes
    if (held) held.set(body, held.byteLength - this.#remaining)
    else this.#listener.data(body)
    this.#remaining -= body.byteLength
    if (this.#remaining === 0) this.#finish()
    return body.byteLength
  }

  #takePadding(bytes: Uint8Array): number {
    const padding = bytes.subarray(0, this.#padding)
    if (padding.some((byte) => byte !== 0)) {
      refuse('tar-padding', 'something is hidden behind the entry', this.#file)
    }
    this.#padding -= padding.byteLength
    return padding.byteLength
  }

  #finish(): void {
    if (!this.#extension) {
      this.#listener.end()
      return
    }
    const { bytes, read } = this.#extension
    this.#extension = undefined
    this.#override = read(bytes, this.#file ?? '')
  }
}

function readPax(bytes: Uint8Array, file: string): Override {
  const records = parsePax(bytes, file)
  return { rule: 'pax-header', path: records.path, nameOf: (header) => paxName(header, records) }
}

function readLongName(bytes: Uint8Array, file: string): Override {
  const path = parseLongName(bytes, file)
  return { rule: 'gnu-long-name', path, nameOf: (header) => longName(header, path) }
}

import { parseArchivePath } from './archive-path.ts'
import { gzipAlike } from './gzip-alike.ts'
import { PathTree } from './path-tree.ts'
import { refuse } from './refusal.ts'
import { BLOCK_BYTES, checksumOf } from './tar-header.ts'

/** A file to be packed. */
export interface PackFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly isExecutable?: boolean
}

interface Header {
  readonly name: Uint8Array
  readonly prefix?: Uint8Array
  readonly size: number
  readonly mode: number
  readonly type: '0' | 'x'
}

const NAME_BYTES = 100
const PREFIX_BYTES = 155
/** What eleven octal digits hold. */
const MAX_FILE_BYTES = 8 ** 11 - 1
/** The shape of a path is checked here, its length by whoever reads the archive. */
const PATH_LIMITS = { maxPathBytes: 60_000, maxDepth: 60_000 }

/**
 * Packs files into a gzip tar: the same files give the same bytes, on every machine and runtime, in any
 * order given. Sorted by the bytes of their paths; no folders, owners or times; 0755 or 0644; ustar, with
 * a pax header only for a path that needs one. What it makes, `inspectArchive` takes.
 */
export function packArchive(files: Iterable<PackFile>): Uint8Array {
  const tree = new PathTree()
  const named = Array.from(files, (file) => {
    const segments = parseArchivePath(file.path, PATH_LIMITS)
    if (segments.length === 0) refuse('path-syntax', 'a file without a name', file.path)
    tree.add(segments, 'file')
    return { file, path: Buffer.from(segments.join('/')) }
  })
  named.sort((one, other) => Buffer.compare(one.path, other.path))
  const blocks = named.flatMap(({ file, path }) => packFile(file, path))
  return gzipAlike(Buffer.concat([...blocks, tarEnd()]))
}

/** The blocks of one file of a tar, for who packs otherwise; its path must be plain and relative. */
export function tarEntry(file: PackFile): Uint8Array[] {
  return packFile(file, Buffer.from(file.path))
}

/** What ends a tar. */
export function tarEnd(): Uint8Array {
  return Buffer.alloc(2 * BLOCK_BYTES)
}

function packFile(file: PackFile, path: Uint8Array): Uint8Array[] {
  const size = file.bytes.byteLength
  if (size > MAX_FILE_BYTES) refuse('file-size', `at most ${MAX_FILE_BYTES} bytes`, file.path)
  const mode = file.isExecutable ? 0o755 : 0o644
  const parts = splitPath(path)
  const header = packHeader({ ...(parts ?? { name: plainName(path) }), size, mode, type: '0' })
  const own = [header, file.bytes, padding(size)]
  return parts ? own : [...packPax(path), ...own]
}

/** Name and prefix that make up a path in a plain header; undefined when it does not fit or is not ASCII. */
function splitPath(path: Uint8Array): { name: Uint8Array; prefix?: Uint8Array } | undefined {
  if (path.some((byte) => byte >= 0x80)) return undefined
  if (path.byteLength <= NAME_BYTES) return { name: path }
  const slash = path.indexOf(0x2f, path.byteLength - NAME_BYTES - 1)
  if (slash < 1 || slash > PREFIX_BYTES) return undefined
  return { name: path.subarray(slash + 1), prefix: path.subarray(0, slash) }
}

/** What a reader without pax would call the file: plain ASCII, without folders. */
function plainName(path: Uint8Array): Uint8Array {
  const name = Buffer.from(path)
    .toString('latin1')
    .replace(/[^A-Za-z0-9._-]/g, '_')
  return Buffer.from(name.slice(-NAME_BYTES).replace(/^\.+/, '_'))
}

function packPax(path: Uint8Array): Uint8Array[] {
  const rest = Buffer.concat([Buffer.from(' path='), path, Buffer.from('\n')])
  let length = rest.byteLength + 1
  // The length counts its own digits.
  while (String(length).length + rest.byteLength !== length) length++
  const record = Buffer.concat([Buffer.from(String(length)), rest])
  const name = Buffer.from('PaxHeader')
  const header = packHeader({ name, size: length, mode: 0o644, type: 'x' })
  return [header, record, padding(length)]
}

function packHeader(header: Header): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES)
  block.set(header.name, 0)
  block.write(octal(header.mode, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(header.size, 11), 124)
  block.write(octal(0, 11), 136)
  block.write(header.type, 156)
  block.write('ustar\x0000', 257)
  if (header.prefix) block.set(header.prefix, 345)
  block.write(`${octal(checksumOf(block), 6)}\0 `, 148)
  return block
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function padding(size: number): Uint8Array {
  return new Uint8Array(-size & (BLOCK_BYTES - 1))
}

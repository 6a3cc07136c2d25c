import { showName } from './archive-path.ts'
import { refuse } from './refusal.ts'

/** The size of everything in a tar file. */
export const BLOCK_BYTES = 512

/** How much of a name fits into a header. */
export const NAME_BYTES = 100

/** What a tar header says, as far as we mind. */
export interface TarHeader {
  readonly type: 'file' | 'folder' | 'pax' | 'long-name'
  /** The raw name, prefix included. */
  readonly name: Uint8Array
  readonly size: number
  readonly mode: number
}

/** Where a field is: first byte and length. */
type Field = readonly [at: number, length: number]
const FIELD = {
  name: [0, NAME_BYTES],
  mode: [100, 8],
  size: [124, 12],
  checksum: [148, 8],
  link: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const satisfies Record<string, Field>
const TYPE_AT = 156

const TYPES: Readonly<Record<string, TarHeader['type']>> = {
  '0': 'file',
  '\0': 'file',
  '5': 'folder',
  x: 'pax',
  L: 'long-name',
}
const REFUSED_TYPES = {
  '1': ['link', 'hard links are not allowed'],
  '2': ['link', 'symbolic links are not allowed'],
  '3': ['device', 'devices are not allowed'],
  '4': ['device', 'devices are not allowed'],
  '6': ['fifo', 'pipes are not allowed'],
  S: ['sparse', 'sparse files are not allowed'],
  K: ['gnu-long-name', 'GNU long links are not allowed'],
  g: ['pax-global', 'global pax headers are not allowed'],
} as const
const POSIX_MAGIC = 'ustar\x0000'
const GNU_MAGIC = 'ustar  \0'

/**
 * Reads one header block: POSIX ustar, or GNU's where it means the same. Everything that readers are
 * known to disagree about is refused. `longPath` names the entry in messages when a header before did.
 */
export function parseTarHeader(block: Uint8Array, longPath?: Uint8Array): TarHeader {
  const magic = latin1(field(block, FIELD.magic))
  const isPosix = magic === POSIX_MAGIC
  const name = rawName(block, isPosix)
  const file = showName(longPath ?? name)
  if (octal(block, FIELD.checksum) !== checksumOf(block)) {
    refuse('tar-checksum', 'the checksum of the tar header is wrong', file)
  }
  if (!isPosix && magic !== GNU_MAGIC) refuse('tar-header', 'not a POSIX tar header', file)
  const type = typeOf(block, file)
  checkText(block, FIELD.name, file)
  if (isPosix) checkText(block, FIELD.prefix, file)
  else if (hasContent(field(block, FIELD.prefix))) {
    refuse('tar-header', 'GNU extensions are not allowed', file)
  }
  if (hasContent(field(block, FIELD.link))) refuse('link', 'links are not allowed', file)
  const size = octal(block, FIELD.size)
  const mode = octal(block, FIELD.mode)
  if (size === undefined || mode === undefined) {
    refuse('tar-header', 'a number in the tar header is malformed', file)
  }
  return { type, name, size, mode }
}

/** The sum of a header's bytes, its checksum taken for spaces. */
export function checksumOf(block: Uint8Array): number {
  const [at, length] = FIELD.checksum
  let sum = 0
  for (const byte of block) sum += byte
  for (const byte of block.subarray(at, at + length)) sum += 0x20 - byte
  return sum
}

function typeOf(block: Uint8Array, file: string): TarHeader['type'] {
  const type = String.fromCharCode(block[TYPE_AT] ?? 0)
  if (Object.hasOwn(REFUSED_TYPES, type)) {
    const [rule, message] = REFUSED_TYPES[type as keyof typeof REFUSED_TYPES]
    refuse(rule, message, file)
  }
  const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
  return known ?? refuse('type', `entries of type ${JSON.stringify(type)} are not allowed`, file)
}

function rawName(block: Uint8Array, hasPrefix: boolean): Uint8Array {
  const name = textOf(field(block, FIELD.name))
  const prefix = hasPrefix ? textOf(field(block, FIELD.prefix)) : new Uint8Array()
  return prefix.byteLength ? Buffer.concat([prefix, Buffer.from('/'), name]) : Uint8Array.from(name)
}

/** A text ends at its first NUL; what some readers would find behind it is refused. */
function checkText(block: Uint8Array, which: Field, file: string): void {
  const bytes = field(block, which)
  if (hasContent(bytes.subarray(textOf(bytes).byteLength))) {
    refuse('control', 'a name with a NUL in it', file)
  }
}

function textOf(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

/** Octal digits, maybe after spaces, ended by NUL or space; undefined for GNU's binary numbers too. */
function octal(block: Uint8Array, which: Field): number | undefined {
  const digits = /^ *([0-7]+)[\0 ]*$/.exec(latin1(field(block, which)))?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits, 8)
}

function field(block: Uint8Array, [at, length]: Field): Uint8Array {
  return block.subarray(at, at + length)
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function hasContent(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte !== 0)
}

import { showName } from './archive-path.ts'
import { refuse } from './refusal.ts'
import { NAME_BYTES, type TarHeader } from './tar-header.ts'

/** The longest path that systems open, and the NUL behind it. */
const MAX_LONG_NAME_BYTES = 4096

/** What GNU tar, and whoever writes as it does, calls the entry that has the next one's name. */
const LONG_NAME_ENTRY = '././@LongLink'
/** What is left of a long name in the header it is for; some packers leave a `./` or the last byte off. */
const MIN_KEPT_BYTES = NAME_BYTES - 3

/** Refuses the header of a long name unless it looks as every packer writes it. */
export function checkLongNameHeader({ name, size }: TarHeader): void {
  const file = showName(name)
  if (file !== LONG_NAME_ENTRY) {
    refuse('gnu-long-name', `a long name's entry is called ${LONG_NAME_ENTRY}`, file)
  }
  if (size > MAX_LONG_NAME_BYTES) {
    refuse('gnu-long-name', `a long name of more than ${MAX_LONG_NAME_BYTES} bytes`, file)
  }
  if (size <= NAME_BYTES + 1) {
    refuse('gnu-long-name', `a long name of no more than ${NAME_BYTES} bytes`, file)
  }
}

/** The name in a long name's body: all of it but the one NUL that ends it. */
export function parseLongName(bytes: Uint8Array, file: string): Uint8Array {
  if (bytes.indexOf(0) !== bytes.byteLength - 1) {
    refuse('gnu-long-name', 'a long name ends with its only NUL', file)
  }
  return bytes.subarray(0, -1)
}

/**
 * The name an entry has by its header and the long name before it. Readers that do not know long names
 * must not be led elsewhere: the header must have as much of it as fits.
 */
export function longName(header: TarHeader, name: Uint8Array): Uint8Array {
  const file = showName(name)
  const kept = withoutDot(header.name)
  const isKept = kept.equals(withoutDot(name).subarray(0, kept.byteLength))
  if (kept.byteLength < MIN_KEPT_BYTES || !isKept) {
    const plain = JSON.stringify(showName(header.name))
    refuse('gnu-long-name', `the long name is not the one that ${plain} begins`, file)
  }
  return name
}

/** Rust's packer leaves a `./` off in the header only. */
function withoutDot(name: Uint8Array): Buffer {
  const bytes = Buffer.from(name)
  return bytes.toString('latin1', 0, 2) === './' ? bytes.subarray(2) : bytes
}

import { gzipSync } from 'node:zlib'
import { packArchive } from '#core/archives/pack-archive.ts'
import type { ArchiveRule } from '#core/archives/refusal.ts'
import {
  archiveOf,
  BLOCK,
  noise,
  paddedTo,
  paxEntry,
  type RawEntry,
  rawEntry,
  TAR_END,
} from '#test/raw-tar.ts'

/** The limits that the corpus goes against. */
export const testLimits = {
  maxCompressedBytes: 1024 * 1024,
  maxUnpackedBytes: 16 * 1024 * 1024,
  maxRatio: 100,
  maxEntries: 1000,
  maxDepth: 16,
  maxPathBytes: 512,
  maxFileBytes: 8 * 1024 * 1024,
}

/** An archive that must be refused for exactly one reason. */
export interface HostileArchive {
  readonly name: string
  readonly rule: ArchiveRule
  readonly make: () => Uint8Array
}

const good = rawEntry({ name: 'src/main.ori', body: 'let x = 1\n' })
const named = (name: string | Uint8Array, more: Partial<RawEntry> = {}) =>
  archiveOf(good, rawEntry({ name, body: 'x', ...more }))
const both = (one: string, other: string) =>
  archiveOf(rawEntry({ name: one, body: '1' }), rawEntry({ name: other, body: '2' }))
const renamed = (name: string, records: [string, string][]) =>
  archiveOf(good, paxEntry(records), rawEntry({ name, body: 'x' }))
const LONG = `${'long/'.repeat(12)}${'n'.repeat(90)}`
const UNSPLIT = 'n'.repeat(120)
const honest = () => archiveOf(good, rawEntry({ name: 'oripk.toml', body: '[project]\n' }))

const folder = (name: string) => rawEntry({ name, type: '5', mode: 0o755 })
const rawPax = (text: string) =>
  archiveOf(rawEntry({ name: 'PaxHeader', type: 'x', body: Buffer.from(text, 'latin1') }), good)

/** With one byte replaced by another. */
function changed(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  return Uint8Array.from(bytes).with(at, byte)
}

/** With one byte turned around; counted from the end when negative. */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return Uint8Array.from(bytes).with(at, ~(bytes.at(at) ?? 0))
}

function item(rule: ArchiveRule, name: string, make: () => Uint8Array): HostileArchive {
  return { rule, name, make }
}

const shells: readonly HostileArchive[] = [
  item('gzip-truncated', 'nothing at all', () => new Uint8Array()),
  item('gzip-header', 'not gzip', () => Buffer.from('PK\x03\x04 and so on, a zip file')),
  item('gzip-header', 'a bare tar', () => Buffer.concat([good, TAR_END])),
  item('gzip-header', 'unknown method', () => changed(honest(), 2, 7)),
  item('gzip-header', 'reserved flags', () => changed(honest(), 3, 0x80)),
  item('gzip-header', 'a name without end', () =>
    Buffer.concat([Buffer.from([31, 139, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.alloc(20_000, 65)]),
  ),
  item('gzip-truncated', 'cut in the header', () => honest().subarray(0, 7)),
  item('gzip-truncated', 'cut in the middle', () => honest().subarray(0, 60)),
  item('gzip-truncated', 'cut in the trailer', () => honest().subarray(0, -3)),
  item('gzip-corrupt', 'an impossible block type', () => changed(honest(), 10, 0xff)),
  item('gzip-checksum', 'wrong crc', () => flipped(honest(), -8)),
  item('gzip-size', 'lying size in the trailer', () => flipped(honest(), -4)),
  item('gzip-trailing', 'garbage behind', () => Buffer.concat([honest(), Buffer.from('evil')])),
  item('gzip-trailing', 'much garbage behind', () =>
    Buffer.concat([honest(), Buffer.alloc(300_000, 'evil')]),
  ),
  item('gzip-trailing', 'garbage and the same trailer again', () =>
    Buffer.concat([honest(), Buffer.from('evil'), honest().subarray(-8)]),
  ),
  item('gzip-trailing', 'zeroes behind', () => Buffer.concat([honest(), Buffer.alloc(512)])),
  item('gzip-trailing', 'two members', () => Buffer.concat([honest(), honest()])),
  item('gzip-trailing', 'a tar cut into two members', () => {
    const tar = Buffer.concat([good, TAR_END])
    return Buffer.concat([gzipSync(tar.subarray(0, 512)), gzipSync(tar.subarray(512))])
  }),
  item('gzip-trailing', 'an empty second member', () => Buffer.concat([honest(), gzipSync('')])),
  item('tar-checksum', 'gzip within gzip', () => gzipSync(paddedTo(honest(), 2048))),
]

const bombs: readonly HostileArchive[] = [
  item('compressed-size', 'too many bytes', () =>
    archiveOf(rawEntry({ name: 'a', body: noise(2 * 1024 * 1024) })),
  ),
  item('unpacked-size', 'a bomb of zeroes in files', () => {
    const part = Buffer.alloc(4 * 1024 * 1024)
    return archiveOf(...[1, 2, 3, 4, 5].map((n) => rawEntry({ name: `f${n}`, body: part })))
  }),
  item('unpacked-size', 'a bomb behind the end', () =>
    gzipSync(Buffer.concat([good, TAR_END, Buffer.alloc(40 * 1024 * 1024)])),
  ),
  item('ratio', 'dense', () =>
    archiveOf(rawEntry({ name: 'dense', body: Buffer.alloc(6 * 1024 * 1024) })),
  ),
  item('file-size', 'one large file', () => named('a', { body: Buffer.alloc(9 * 1024 * 1024) })),
  item('file-size', 'a size of 8 GiB', () => named('f', { size: 8 ** 11 - 1 })),
  item('entries', '10,001 entries', () =>
    archiveOf(...Array.from({ length: 10_001 }, (_, n) => rawEntry({ name: `f${n}` }))),
  ),
  item('entries', 'folders count', () =>
    archiveOf(...Array.from({ length: 1001 }, (_, n) => rawEntry({ name: `d${n}/`, type: '5' }))),
  ),
]

const structures: readonly HostileArchive[] = [
  item('tar-truncated', 'an empty tar', () => gzipSync('')),
  item('tar-truncated', 'no end', () => gzipSync(good)),
  item('tar-truncated', 'half an end', () => gzipSync(Buffer.concat([good, Buffer.alloc(BLOCK)]))),
  item('tar-truncated', 'cut in a header', () => gzipSync(good.subarray(0, 300))),
  item('tar-truncated', 'cut in a body', () => gzipSync(good.subarray(0, 515))),
  item('tar-truncated', 'cut in the padding', () => gzipSync(good.subarray(0, 1000))),
  item('tar-truncated', 'no whole block at the end', () =>
    gzipSync(Buffer.concat([good, TAR_END, Buffer.alloc(7)])),
  ),
  item('tar-truncated', 'a size beyond the end', () =>
    archiveOf(rawEntry({ name: 'a', size: 5000 })),
  ),
  item('tar-checksum', 'a size that swallows no entry', () =>
    archiveOf(rawEntry({ name: 'a', body: noise(2000), size: 512 }), good),
  ),
  item('tar-padding', 'a size that hides the rest', () =>
    archiveOf(rawEntry({ name: 'a', body: 'seen, hidden', size: 4 }), good),
  ),
  item('tar-trailing', 'an entry behind the end', () =>
    gzipSync(Buffer.concat([good, TAR_END, good])),
  ),
  item('tar-trailing', 'an entry behind half an end', () =>
    gzipSync(Buffer.concat([good, Buffer.alloc(BLOCK), good, TAR_END])),
  ),
  item('tar-trailing', 'garbage behind the end', () =>
    gzipSync(Buffer.concat([good, TAR_END, Buffer.alloc(BLOCK, 'evil')])),
  ),
  item('tar-checksum', 'bad checksum', () => named('a', { checksumError: 1 })),
  item('tar-checksum', 'a sum of signed bytes', () => named('é', { checksumError: -512 })),
  item('tar-header', 'no magic (v7)', () => named('a', { magic: '\0\0\0\0\0\0\0\0' })),
  item('tar-header', 'GNU header with extensions', () =>
    named('a', { magic: 'ustar  \0', prefix: '../evil' }),
  ),
  item('tar-header', 'binary size', () =>
    named('a', { alter: (block) => block.writeUInt32BE(0x80000000, 124) }),
  ),
  item('tar-header', 'negative size', () =>
    named('a', { alter: (block) => void block.write('-0000000001', 124) }),
  ),
  item('tar-header', 'a number that is none', () =>
    named('a', { alter: (block) => void block.write('0000009', 100) }),
  ),
  item('tar-header', 'a folder with content', () => named('d/', { type: '5' })),
]

const pax: readonly HostileArchive[] = [
  item('pax-path', 'path override', () => renamed('good.txt', [['path', 'evil.txt']])),
  item('pax-path', 'override hides a traversal', () => renamed('../../evil', [['path', LONG]])),
  item('pax-path', 'override hides an absolute path', () => renamed('/etc/x', [['path', LONG]])),
  item('traversal', 'traversal by pax', () => renamed('good', [['path', `../${LONG}`]])),
  item('control', 'NUL by pax', () => renamed('good', [['path', `${LONG}\0.txt`]])),
  item('pax-size', 'size override', () => renamed('good', [['size', '1024']])),
  item('pax-size', 'size override in other digits', () => renamed('good', [['size', '+1']])),
  item('pax-header', 'link by pax', () => renamed('good', [['linkpath', '/etc/passwd']])),
  item('pax-header', 'another character set', () => renamed('good', [['hdrcharset', 'BINARY']])),
  item('pax-header', 'a key twice', () =>
    renamed('good', [
      ['path', LONG],
      ['path', `${LONG}2`],
    ]),
  ),
  item('pax-header', 'two pax headers', () =>
    archiveOf(paxEntry([['mtime', '1']]), paxEntry([['path', LONG]]), good),
  ),
  item('pax-header', 'a pax header for nothing', () => archiveOf(good, paxEntry([['mtime', '1']]))),
  item('pax-header', 'a huge pax header', () =>
    archiveOf(paxEntry([['comment', 'x'.repeat(70_000)]]), good),
  ),
  item('pax-header', 'a record longer than the header', () => rawPax('99 path=evil\n')),
  item('pax-header', 'a record of no length', () => rawPax('0 path=evil\n')),
  item('pax-header', 'a record without a key', () => rawPax('8 =evil\n')),
  item('pax-header', 'a record without an end', () => rawPax('12 path=evil')),
  item('pax-header', 'a record that is no text', () => rawPax('\xff\xfe\xfd')),
  item('pax-global', 'a global header', () => archiveOf(paxEntry([['path', 'evil']], 'g'), good)),
  item('sparse', 'sparse by pax', () => renamed('good', [['GNU.sparse.major', '1']])),
  item('sparse', 'sparse by type', () => named('a', { type: 'S', magic: 'ustar  \0' })),
  item('gnu-long-name', 'GNU long name', () =>
    archiveOf(rawEntry({ name: '././@LongLink', type: 'L', body: `${LONG}\0` }), good),
  ),
  item('gnu-long-name', 'GNU long link', () =>
    archiveOf(rawEntry({ name: '././@LongLink', type: 'K', body: `${LONG}\0` }), good),
  ),
]

const kinds: readonly HostileArchive[] = [
  item('link', 'hard link', () => named('a', { type: '1', link: 'src/main.ori', body: '' })),
  item('link', 'symbolic link', () => named('a', { type: '2', link: '/etc/passwd', body: '' })),
  item('link', 'a file with a link target', () => named('a', { link: '/etc/passwd' })),
  item('device', 'character device', () => named('a', { type: '3', body: '' })),
  item('device', 'block device', () => named('a', { type: '4', body: '' })),
  item('fifo', 'pipe', () => named('a', { type: '6', body: '' })),
  item('type', 'contiguous file', () => named('a', { type: '7' })),
  item('type', 'a type nobody knows', () => named('a', { type: '_' })),
  item('type', 'a volume label', () => named('a', { type: 'V', body: '' })),
  item('mode', 'set-user-id', () => named('a', { mode: 0o4755 })),
]

const names: readonly HostileArchive[] = [
  item('utf8', 'not UTF-8', () => named(Buffer.from([0x61, 0xff, 0xfe]))),
  item('utf8', 'overlong slash', () => named(Buffer.from([0x61, 0xc0, 0xaf, 0x62]))),
  item('utf8', 'a surrogate', () => named(Buffer.from([0xed, 0xa0, 0x80]))),
  item('control', 'a NUL in the name', () => named('good.txt\0.exe')),
  item('control', 'a NUL in the prefix', () => named('a', { prefix: 'x\0../..' })),
  item('control', 'a line break', () => named('a\nb')),
  item('control', 'an escape', () => named('a\u001b[2Jb')),
  item('control', 'DEL', () => named('a\u007f')),
  item('control', 'right-to-left override', () => named('a\u202etxt.exe')),
  item('control', 'an invisible joiner', () => named('.g\u200cit/config')),
  item('backslash', 'backslash', () => named('..\\..\\evil')),
  item('absolute', 'absolute', () => named('/etc/passwd')),
  item('absolute', 'absolute by prefix', () => named('passwd', { prefix: '/etc' })),
  item('absolute', 'absolute behind ./', () => named('.//etc/passwd')),
  item('absolute', 'a drive', () => named('C:/evil')),
  item('traversal', 'traversal', () => named('../evil')),
  item('traversal', 'traversal inside', () => named('a/../../evil')),
  item('traversal', 'traversal at the end', () => named('a/..')),
  item('traversal', 'traversal by prefix', () => named('evil', { prefix: '..' })),
  item('traversal', 'traversal behind ./', () => named('./../evil')),
  item('path-syntax', 'empty name', () => named('')),
  item('path-syntax', 'a file called .', () => named('.')),
  item('path-syntax', 'empty segment', () => named('a//b')),
  item('path-syntax', 'dot segment', () => named('a/./b')),
  item('path-syntax', 'twice ./', () => named('././b')),
  item('path-syntax', 'a file with a slash behind', () => named('a/')),
  item('path-length', 'a long path', () => renamed('a', [['path', `${'abcdefghi/'.repeat(52)}f`]])),
  item('path-length', 'a long name', () => renamed('a', [['path', 'n'.repeat(256)]])),
  item('depth', 'deep', () => named(`${'d/'.repeat(16)}f`)),
  item('windows-name', 'NUL device', () => named('src/nul')),
  item('windows-name', 'device with an extension', () => named('Con.txt/a')),
  item('windows-name', 'a superscript port', () => named('com¹')),
  item('windows-name', 'a stream', () => named('file.txt:hidden')),
  item('windows-name', 'a dot behind', () => named('a./b')),
  item('windows-name', 'a space behind', () => named('a ')),
  item('duplicate', 'the same file twice', () => both('a', 'a')),
  item('duplicate', 'twice by ./', () => both('a', './a')),
  item('duplicate', 'twice by prefix', () =>
    archiveOf(rawEntry({ name: 'a/b' }), rawEntry({ name: 'b', prefix: 'a' })),
  ),
  item('duplicate', 'the same folder twice', () =>
    archiveOf(rawEntry({ name: 'a/', type: '5' }), rawEntry({ name: 'a/', type: '5' })),
  ),
  item('collision', 'case', () => both('README.md', 'readme.md')),
  item('collision', 'case of folders', () => both('Src/a', 'src/b')),
  item('collision', 'normalisation', () => both('caf\u00e9', 'cafe\u0301')),
  item('collision', 'sharp s', () => both('stra\u00dfe', 'STRASSE')),
  item('collision', 'Kelvin', () => both('\u212aelvin', 'kelvin')),
  item('file-as-folder', 'a file, then a folder', () => both('a', 'a/b')),
  item('file-as-folder', 'a folder, then a file', () => both('a/b', 'a')),
]

/** What is wrong inside a sound and small gzip file: good to begin mutation with. */
export const hostileTars: readonly HostileArchive[] = [...structures, ...pax, ...kinds, ...names]

/** One archive for each trick known to us. */
export const hostileArchives: readonly HostileArchive[] = [...shells, ...bombs, ...hostileTars]

/** Archives that are good, though some are odd. */
export const goodArchives: readonly { name: string; paths: string[]; make: () => Uint8Array }[] = [
  { name: 'no entries', paths: [], make: () => archiveOf() },
  { name: 'plain', paths: ['src/main.ori', 'oripk.toml'], make: honest },
  { name: 'tar c .', paths: ['a'], make: () => archiveOf(folder('./'), rawEntry({ name: './a' })) },
  {
    name: 'folders, listed before and after',
    paths: ['a/b'],
    make: () => archiveOf(folder('a/'), rawEntry({ name: 'a/b' }), folder('c')),
  },
  {
    name: 'GNU magic',
    paths: ['a'],
    make: () => archiveOf(rawEntry({ name: 'a', magic: 'ustar  \0' })),
  },
  {
    name: 'prefix',
    paths: ['a/b/c'],
    make: () => archiveOf(rawEntry({ name: 'c', prefix: 'a/b' })),
  },
  {
    name: 'raw UTF-8',
    paths: ['caf\u00e9'],
    make: () => archiveOf(rawEntry({ name: 'caf\u00e9' })),
  },
  {
    name: 'long pax path',
    paths: [LONG],
    make: () => archiveOf(paxEntry([['path', LONG]]), rawEntry({ name: LONG.slice(0, 100) })),
  },
  {
    name: 'harmless pax records of GNU, Python and macOS',
    paths: ['a'],
    make: () =>
      archiveOf(
        paxEntry([
          ['mtime', '1.5'],
          ['size', '1'],
          ['path', 'a'],
          ['LIBARCHIVE.xattr.com.apple.provenance', 'AQI'],
        ]),
        rawEntry({ name: 'a', body: 'x' }),
      ),
  },
  {
    name: 'a record of 10,240 bytes, as GNU pads',
    paths: ['src/main.ori'],
    make: () => gzipSync(paddedTo(Buffer.concat([good, TAR_END]), 10_240)),
  },
  {
    name: 'a gzip header with a name and a comment',
    paths: ['src/main.ori'],
    make: () => {
      const bytes = Buffer.from(archiveOf(good))
      const header = Buffer.from([31, 139, 8, 0x18, 0, 0, 0, 0, 0, 3])
      return Buffer.concat([header, Buffer.from('a.tar\0why\0'), bytes.subarray(10)])
    },
  },
  {
    name: 'stored, without compression',
    paths: ['src/main.ori'],
    make: () => gzipSync(Buffer.concat([good, TAR_END]), { level: 0 }),
  },
  {
    name: 'our own',
    paths: [LONG, UNSPLIT, 'src/a', '\u00e4'],
    make: () =>
      packArchive([LONG, '\u00e4', UNSPLIT, 'src/a'].map((path) => ({ path, bytes: noise(700) }))),
  },
]

import { type HostileArchive, testLimits } from '#test/hostile-archives.ts'
import { archiveOf, noise, paxEntry, type RawEntry, rawEntry } from '#test/raw-tar.ts'

/** The limits that these go against. */
export const longLimits = { ...testLimits, maxDepth: 32, allowGnuLongNames: true }

const LONG = `${'long/'.repeat(12)}${'n'.repeat(90)}.idr`
const good = rawEntry({ name: 'src/Main.idr', body: 'main : IO ()' })

/** The entry that has a long name, as GNU tar and Rust's library write it. */
function longNameEntry(name: string | Uint8Array, more: Partial<RawEntry> = {}): Buffer {
  const body = Buffer.concat([Buffer.from(name), Buffer.alloc(1)])
  return rawEntry({ name: '././@LongLink', type: 'L', magic: 'ustar  \0', body, ...more })
}

/** A file with a long name in its two entries. */
function longFile(path: string, more: Partial<RawEntry> = {}): Buffer {
  const file = rawEntry({ name: path, magic: 'ustar  \0', body: 'x', ...more })
  return Buffer.concat([longNameEntry(path), file])
}

const file = rawEntry({ name: LONG, magic: 'ustar  \0', body: 'x' })
const begun = (name: string | Uint8Array, more: Partial<RawEntry> = {}) =>
  archiveOf(good, longNameEntry(name, more), file)
const unlike = (message: string, ...entries: Uint8Array[]): HostileArchive => ({
  rule: 'gnu-long-name',
  name: message,
  make: () => archiveOf(good, ...entries),
})

/** Tricks with GNU's long names, where those are taken. */
export const hostileLongNames: readonly HostileArchive[] = [
  unlike('a long name for nothing', longNameEntry(LONG)),
  unlike('two long names', longNameEntry(LONG), longNameEntry(`${LONG}2`), file),
  unlike('a long link', longNameEntry(LONG, { type: 'K' }), file),
  unlike('a long name, then a long link', longNameEntry(LONG), longNameEntry('x', { type: 'K' })),
  unlike('a long name, then a pax header', longNameEntry(LONG), paxEntry([['path', LONG]]), file),
  unlike('a long name that was short', longNameEntry('evil'), rawEntry({ name: 'evil' })),
  unlike('an empty long name', longNameEntry('', { body: '' }), file),
  unlike('a long name without its NUL', longNameEntry(LONG, { body: LONG }), file),
  unlike('a NUL in the long name', longNameEntry(`${LONG}\0.exe`), file),
  unlike('two NULs behind the long name', longNameEntry(`${LONG}\0`), file),
  unlike('a long name that swallows its entry', longNameEntry(LONG, { size: 1024 }), file),
  unlike('a long name cut short', longNameEntry(LONG, { size: LONG.length - 9 }), file),
  unlike('a long name of 5 KB', longNameEntry('n/'.repeat(2500)), file),
  unlike('a long name of 8 GiB', longNameEntry(LONG, { size: 8 ** 11 - 1 }), file),
  unlike('another name in the header', longNameEntry(LONG), rawEntry({ name: 'evil' })),
  unlike('a short beginning', longNameEntry(LONG), rawEntry({ name: LONG.slice(0, 50) })),
  unlike('an empty beginning', longNameEntry(LONG), rawEntry({ name: '' })),
  unlike('a long name that leads elsewhere', longNameEntry(`../${LONG}`), file),
  unlike('a header that leads elsewhere', longNameEntry(LONG), rawEntry({ name: `../${LONG}` })),
  unlike('a long name that is called otherwise', longNameEntry(LONG, { name: 'evil' }), file),
  { rule: 'pax-header', name: 'a pax header, then a long name', make: paxFirst },
  { rule: 'tar-truncated', name: 'cut in the long name', make: () => archiveOf(cutName()) },
  { rule: 'tar-checksum', name: 'a wrong sum', make: () => begun(LONG, { checksumError: 1 }) },
  { rule: 'tar-padding', name: 'more behind the long name', make: () => archiveOf(hidden(), file) },
  { rule: 'link', name: 'a long name with a target', make: () => begun(LONG, { link: 'evil' }) },
  ...(['1', '2'] as const).map(
    (type): HostileArchive => ({
      rule: 'link',
      name: `a long name of a link, type ${type}`,
      make: () => archiveOf(good, longFile(LONG, { type, link: '/etc/passwd', body: '' })),
    }),
  ),
  path('traversal', `../${LONG}`),
  path('traversal', `${LONG}/../../evil`),
  path('absolute', `/${LONG}`),
  path('backslash', `${LONG}\\evil`),
  path('control', `${LONG}\n`),
  path('windows-name', `${LONG}/nul`),
  path('path-length', 'n'.repeat(256)),
  path('path-length', `${'abcdefghi/'.repeat(51)}long`),
  path('depth', `${'d/'.repeat(60)}f`),
  path('utf8', Buffer.concat([Buffer.from(LONG), Buffer.from([0xff])])),
  { rule: 'duplicate', name: 'a long file twice', make: twice },
  { rule: 'collision', name: 'long names that differ in case', make: alike },
]

/** What is good where GNU's long names are taken. */
export const goodLongNames: readonly { name: string; paths: string[]; make: () => Uint8Array }[] = [
  { name: 'a long file', paths: [LONG], make: () => archiveOf(longFile(LONG)) },
  {
    name: 'two long files, a short one and a long folder',
    paths: [LONG, 'src/Main.idr', `${LONG}2`],
    make: () =>
      archiveOf(
        longFile(LONG),
        good,
        longFile(`${LONG}2`, { body: noise(700) }),
        longFile(`${LONG.slice(0, -4)}/`, { type: '5', body: '' }),
      ),
  },
  {
    name: 'a ./ that the header has not, as Rust writes it',
    paths: [LONG],
    make: () =>
      archiveOf(longNameEntry(`./${LONG}`), rawEntry({ name: LONG.slice(0, 98), body: 'x' })),
  },
  {
    name: 'both ways in one archive',
    paths: [LONG, `${LONG}2`],
    make: () => archiveOf(longFile(LONG), paxEntry([['path', `${LONG}2`]]), file),
  },
]

function path(rule: HostileArchive['rule'], name: string | Uint8Array): HostileArchive {
  const make = () =>
    archiveOf(good, longNameEntry(name), rawEntry({ name, magic: 'ustar  \0', body: 'x' }))
  return { rule, name: `a long path: ${Buffer.from(name).toString('latin1').slice(-40)}`, make }
}

function paxFirst(): Uint8Array {
  return archiveOf(good, paxEntry([['mtime', '1']]), longNameEntry(LONG), file)
}

function cutName(): Uint8Array {
  return longNameEntry('n'.repeat(3000)).subarray(0, 1024)
}

/** Something in the block of the name, behind its end. */
function hidden(): Uint8Array {
  return Uint8Array.from(longNameEntry(LONG)).with(1000, 0x41)
}

function twice(): Uint8Array {
  return archiveOf(longFile(LONG), longFile(LONG))
}

function alike(): Uint8Array {
  return archiveOf(longFile(LONG), longFile(LONG.replace('.idr', '.IDR')))
}

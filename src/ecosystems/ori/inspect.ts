import {
  type ArchivedFile,
  type ArchiveLimits,
  inspectArchive,
} from '#core/archives/inspect-archive.ts'
import type { ParsedName } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import { CHECKSUM_FILE, checkChecksums } from './checksum.ts'
import { Findings, type Problem, type Warning } from './findings.ts'
import { LOCK_FILE, type LockEntry, readLock } from './lock.ts'
import { MANIFEST_FILE, type Manifest, readManifest } from './manifest.ts'
import { formatName } from './name.ts'
import { isVersion } from './version.ts'

const README_FILE = 'README.md'
const MIB = 1024 * 1024

/** The protocol's "10 MB", of the packed archive. */
export const MAX_ARCHIVE_BYTES = 10 * MIB

/** Files whose content is looked at, and how long they may be. */
const WANTED: Readonly<Record<string, number>> = {
  [MANIFEST_FILE]: MIB / 8,
  [LOCK_FILE]: MIB,
  [CHECKSUM_FILE]: 2 * MIB,
  [README_FILE]: MIB,
}

const LIMITS: ArchiveLimits = {
  // Counted where the archive comes in, which then says 413.
  maxCompressedBytes: Number.MAX_SAFE_INTEGER,
  maxUnpackedBytes: 100 * MIB,
  maxRatio: 200,
  maxEntries: 10_000,
  maxFileBytes: 100 * MIB,
  maxPathBytes: 1024,
  maxDepth: 64,
}

/** What an archive turned out to hold. */
export interface InspectedPackage {
  readonly manifest: Manifest
  /** As it was sent. */
  readonly manifestBytes: Uint8Array
  readonly readmeBytes?: Uint8Array
  readonly lock: readonly LockEntry[]
  readonly warnings: readonly Warning[]
}

/** Reads a `.oripk` as it comes and checks all that its own content can tell; throws `unprocessable`. */
export async function inspectPackage(
  expected: ParsedName,
  source: AsyncIterable<Uint8Array>,
): Promise<InspectedPackage> {
  const { namespace, name } = expected
  const folder = `${namespace}-${name}-`
  const { files, topFolder } = await inspectArchive(
    source,
    {
      ...LIMITS,
      isTopFolder: (raw) => raw.startsWith(folder) && isVersion(raw.slice(folder.length)),
    },
    (path) => WANTED[path],
  )
  const tree = new Map(files.map((file) => [file.path, file]))
  const [manifestFile, checksumFile] = [tree.get(MANIFEST_FILE), tree.get(CHECKSUM_FILE)]
  const layout = checkLayout(tree)
  if (!manifestFile || !checksumFile) throw refusePackage(layout.problems)
  const { manifest, findings } = readManifest(textOf(manifestFile))
  checkIdentity(manifest, { formatted: formatName(expected), folder, topFolder }, findings)
  checkEntries(manifest, tree, findings)
  const digests = new Map(files.map(({ path, digest }) => [path, digest]))
  const lock = readOwnLock(tree.get(LOCK_FILE), manifest)
  const all = [layout, findings, checkChecksums(textOf(checksumFile), digests), lock.findings]
  const problems = all.flatMap((one) => one.problems)
  if (problems.length > 0) throw refusePackage(problems)
  const readme = tree.get(README_FILE)?.bytes
  return {
    manifest,
    manifestBytes: bytesOf(manifestFile),
    ...(readme && { readmeBytes: readme }),
    lock: lock.entries,
    warnings: all.flatMap((one) => one.warnings),
  }
}

const MAX_SHOWN_PROBLEMS = 100

/** What is thrown for a package that breaks a rule: the first in words, all of them in details. */
export function refusePackage(problems: readonly Problem[]): RegistryError {
  const [first] = problems
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return new RegistryError('unprocessable', `${first?.file}: ${first?.message}${more}`, {
    details: { reason: 'package_invalid', problems: problems.slice(0, MAX_SHOWN_PROBLEMS) },
  })
}

type Tree = ReadonlyMap<string, ArchivedFile>

function checkLayout(tree: Tree): Findings {
  const findings = new Findings('the archive')
  for (const file of [MANIFEST_FILE, CHECKSUM_FILE]) {
    if (!tree.has(file)) findings.refuse('file_missing', `there is no ${file} at its root`)
  }
  const hasSource = [...tree.keys()].some((path) => path.startsWith('src/'))
  if (!hasSource) findings.refuse('file_missing', 'there is no file in src/')
  return findings
}

function checkIdentity(
  { name, version }: Manifest,
  expected: { formatted: string; folder: string; topFolder: string | undefined },
  findings: Findings,
): void {
  const { formatted, folder, topFolder } = expected
  if (name !== formatted && name !== '') {
    findings.refuse('name_mismatch', `it is ${name} and is published as ${formatted}`)
  }
  if (topFolder === undefined || topFolder === `${folder}${version}`) return
  findings.refuse('top_folder', `it is version ${version} in a folder called ${topFolder}`)
}

function checkEntries({ entry }: Manifest, tree: Tree, findings: Findings): void {
  for (const [kind, path] of Object.entries(entry)) {
    if (tree.has(path)) continue
    findings.refuse(
      'entry_missing',
      `project.entry.${kind} is ${path}, which is not in the archive`,
    )
  }
  const isTold = Object.keys(entry).length > 0
  if (isTold || tree.has('src/lib.ori') || tree.has('src/main.ori')) return
  findings.refuse(
    'entry_missing',
    'there is neither src/lib.ori nor src/main.ori, and project.entry names no other file',
  )
}

/** A package that pins nothing needs no lock. */
function readOwnLock(file: ArchivedFile | undefined, manifest: Manifest) {
  const needed = manifest.dependencies.filter(({ kind }) => kind !== 'dev')
  const { entries, findings } = readLock(file ? textOf(file) : '')
  const locked = new Set(entries.map(({ name, version }) => `${name}:${version}`))
  for (const { name, version } of needed) {
    if (locked.has(`${name}:${version}`)) continue
    findings.refuse('lock_incomplete', `there is no checksum of ${name}:${version}`)
  }
  return { entries, findings }
}

function textOf(file: ArchivedFile): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(file))
  } catch {
    throw refusePackage([{ file: file.path, rule: 'utf8', message: 'it is not UTF-8' }])
  }
}

function bytesOf({ path, bytes }: ArchivedFile): Uint8Array {
  if (bytes) return bytes
  throw new Error(`${path} was not kept`)
}

import { Findings } from './findings.ts'

/** Where a package lists the checksums of its other files. */
export const CHECKSUM_FILE = 'CHECKSUM'

const LINE = /^(sha256:[0-9a-f]{64}) {2}([^\r]+)$/

/** Writes CHECKSUM: a line for each other file, in byte order of their paths. */
export function formatChecksums(digests: ReadonlyMap<string, string>): string {
  return [...digests]
    .filter(([path]) => path !== CHECKSUM_FILE)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([path, digest]) => `${digest}  ${path}\n`)
    .join('')
}

/** Checks CHECKSUM line by line against the digests of the files that are there, by path. */
export function checkChecksums(text: string, digests: ReadonlyMap<string, string>): Findings {
  const findings = new Findings(CHECKSUM_FILE)
  const listed = new Set<string>()
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  else findings.refuse('checksum_format', 'the last line does not end')
  for (const [at, line] of lines.entries()) {
    const problem = checkLine(line, listed, digests)
    if (problem) findings.refuse(problem.rule, `line ${at + 1}: ${problem.why}`)
  }
  for (const path of digests.keys()) {
    if (path === CHECKSUM_FILE || listed.has(path)) continue
    findings.refuse('checksum_unlisted', `${path} is in the archive and not listed`)
  }
  return findings
}

function checkLine(
  line: string,
  listed: Set<string>,
  digests: ReadonlyMap<string, string>,
): { rule: string; why: string } | undefined {
  const [, digest, path] = LINE.exec(line) ?? []
  if (digest === undefined || path === undefined) {
    return { rule: 'checksum_format', why: 'not sha256:HEX, two spaces and a path' }
  }
  if (listed.has(path)) return { rule: 'checksum_twice', why: `${path} again` }
  listed.add(path)
  // It cannot hold its own.
  const actual = path === CHECKSUM_FILE ? undefined : digests.get(path)
  if (actual === undefined) return { rule: 'checksum_missing', why: `there is no file ${path}` }
  if (actual === digest) return undefined
  return { rule: 'checksum_mismatch', why: `${path} is ${actual}` }
}

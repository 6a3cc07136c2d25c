/** One line of an ignore file, or one pattern of a list. */
export interface GlobRule {
  readonly pattern: RegExp
  readonly isNegated: boolean
  readonly foldersOnly: boolean
}

/**
 * Reads patterns as `.gitignore` has them, one per line:
 * - empty lines and lines that begin with `#` say nothing; `\#` and `\!` begin with that character;
 * - `!` takes back what an earlier line matched; the last match decides;
 * - `/` at the end: folders only;
 * - `/` elsewhere: counted from where the patterns stand; without one, a name at any depth;
 * - `*` and `?` match within a name, `**` across folders.
 * Character classes (`[a-z]`) are not known: brackets match themselves.
 */
export function parseGlobs(lines: Iterable<string>): GlobRule[] {
  return Array.from(lines, (line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseGlob)
}

/** True when the last rule that matches says yes, false when it takes back, undefined when none does. */
export function matchGlobs(
  rules: readonly GlobRule[],
  path: string,
  isFolder: boolean,
): boolean | undefined {
  const rule = rules.findLast((one) => (isFolder || !one.foldersOnly) && one.pattern.test(path))
  return rule && !rule.isNegated
}

function parseGlob(line: string): GlobRule {
  const isNegated = line.startsWith('!')
  const text = (isNegated ? line.slice(1) : line).replace(/^\\(?=[#!])/, '')
  const foldersOnly = text.endsWith('/')
  const body = text.replace(/\/$/, '')
  const start = body.includes('/') ? '^' : '^(?:.*/)?'
  const pattern = new RegExp(`${start}${globSource(body.replace(/^\//, ''))}$`, 'su')
  return { pattern, isNegated, foldersOnly }
}

const WILDCARDS: Readonly<Record<string, string>> = {
  '**/': '(?:.*/)?',
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
}

function globSource(glob: string): string {
  return glob.replace(
    /\*\*\/|\*\*|[*?]|[\\^$.|+()[\]{}]/g,
    (found) => WILDCARDS[found] ?? `\\${found}`,
  )
}

import { parse, TomlError } from 'smol-toml'
import type { Findings } from './findings.ts'

/** A key that Ori's own examples leave bare: `@scope/name`, with or without `:version`. */
const LOOSE_NAME = /^@[a-zA-Z0-9-]+\/[a-zA-Z0-9-]+(?::[0-9A-Za-z.-]+)?/
const STD_NAME = /^std(?:\.[a-zA-Z0-9_-]+)+/

/**
 * Reads TOML, real or as Ori's documents write it: bare `@scope/name` keys, bare `std.x` lines. What
 * real TOML understands is never read otherwise.
 */
export function parseLooseToml(text: string, findings: Findings): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
  }
  try {
    return parse(quoteLooseKeys(text))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // The message goes on with an excerpt of several lines.
    const why = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '')
    findings.refuse('syntax', `line ${error.line}: ${why}`)
    return {}
  }
}

/**
 * Makes the loose form real TOML, line by line, so that line numbers stay. Lines within multi-line
 * texts and lists are not touched.
 */
export function quoteLooseKeys(text: string): string {
  const scan = { until: '', depth: 0 }
  return text
    .split('\n')
    .map((line) => {
      const isStatement = scan.until === '' && scan.depth === 0
      const quoted = isStatement ? quoteLine(line) : line
      follow(quoted, scan)
      return quoted
    })
    .join('\n')
}

/** Where a line leaves off: in a text of several lines that ends with `until`, or in brackets. */
interface Scan {
  until: string
  depth: number
}

function quoteLine(line: string): string {
  const [, indent = '', rest = ''] = /^([ \t]*)(.*)$/s.exec(line) ?? []
  if (rest.startsWith('[')) return indent + quoteHeader(rest)
  const name = LOOSE_NAME.exec(rest)?.[0]
  if (name !== undefined) return `${indent}"${name}"${rest.slice(name.length)}`
  const std = STD_NAME.exec(rest)?.[0]
  if (std === undefined) return line
  const after = rest.slice(std.length)
  const isLone = /^[ \t]*\r?(?:#.*)?$/s.test(after)
  return `${indent}"${std}"${isLone ? ' = true' : ''}${after}`
}

/** `[dependencies.@scope/name]`; what is quoted already, and comments, stay. */
function quoteHeader(line: string): string {
  const parts = /"(?:\\.|[^"\\])*"|'[^']*'|#.*|(@[a-zA-Z0-9-]+\/[a-zA-Z0-9-]+)/g
  return line.replace(parts, (part, name?: string) => (name === undefined ? part : `"${name}"`))
}

function follow(line: string, scan: Scan): void {
  for (let at = 0; at < line.length; ) {
    if (scan.until === '' && line[at] === '#') return
    at += scan.until === '' ? enter(line, at, scan) : leave(line, at, scan)
  }
  // Other texts end with their line, whether they were closed or not.
  if (scan.until.length === 1) scan.until = ''
}

/** Outside of texts; answers how many characters were read. */
function enter(line: string, at: number, scan: Scan): number {
  const char = line[at] ?? ''
  if (char === '"' || char === "'") {
    const triple = char.repeat(3)
    scan.until = line.startsWith(triple, at) ? triple : char
    return scan.until.length
  }
  if (char === '[' || char === '{') scan.depth++
  if ((char === ']' || char === '}') && scan.depth > 0) scan.depth--
  return 1
}

/** Within a text; answers how many characters were read. */
function leave(line: string, at: number, scan: Scan): number {
  const { until } = scan
  if (line[at] === '\\' && until.startsWith('"')) return 2
  if (!line.startsWith(until, at)) return 1
  scan.until = ''
  if (until.length === 1) return 1
  // Up to two quotes may stand before the three that end it.
  let length = until.length
  while (length < 5 && line[at + length] === until[0]) length++
  return length
}

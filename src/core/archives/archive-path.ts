import { type ArchiveRule, refuse } from './refusal.ts'

/** How long and how deep a path may be. */
export interface PathLimits {
  /** Of the whole path in UTF-8. */
  readonly maxPathBytes: number
  /** How many segments, the file's own name included. */
  readonly maxDepth: number
}

/** The longest name that common file systems take. */
const MAX_SEGMENT_BYTES = 255
const RESERVED_NAME = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)/i

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What may not be in a path, whatever the segment. */
const FORBIDDEN: readonly (readonly [RegExp, ArchiveRule, string])[] = [
  // Cf are the invisible ones: they reorder a name on the screen or make two names look the same.
  [/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, 'control', 'control and invisible characters are not allowed'],
  [/\\/, 'backslash', 'backslashes are not allowed'],
  [/^\/|^[A-Za-z]:/, 'absolute', 'absolute paths are not allowed'],
  [/(?:^|\/)\.\.(?:\/|$)/, 'traversal', '".." is not allowed'],
  [/\/\/|(?:^|\/)\.(?:\/|$)|\/$/, 'path-syntax', 'empty and "." segments are not allowed'],
  [/[<>:"|?*]/, 'windows-name', 'characters that Windows reserves are not allowed'],
]

/** The text of a name; throws unless it is UTF-8. */
export function decodeName(raw: Uint8Array): string {
  try {
    return decoder.decode(raw)
  } catch {
    refuse('utf8', 'the name is not UTF-8', showName(raw))
  }
}

/** A name for messages, whatever its bytes are. */
export function showName(raw: Uint8Array): string {
  return new TextDecoder().decode(raw)
}

/**
 * The segments of a path that is relative, portable and means the same to every reader; throws for
 * any other. One leading `./`, as tar writes it for `tar c .`, is left out; `./` itself is no segment.
 */
export function parseArchivePath(raw: string, limits: PathLimits): string[] {
  const path = raw.replace(/^\.(?:\/|$)/, '')
  if (path === '') {
    if (raw === '') refuse('path-syntax', 'an empty name', raw)
    return []
  }
  for (const [pattern, rule, message] of FORBIDDEN) {
    if (pattern.test(path)) refuse(rule, message, raw)
  }
  const segments = path.split('/')
  const bytes = Buffer.byteLength(path)
  if (bytes > limits.maxPathBytes) {
    refuse('path-length', `a path of ${bytes} bytes; at most ${limits.maxPathBytes}`, raw)
  }
  if (segments.length > limits.maxDepth) {
    refuse('depth', `${segments.length} levels deep; at most ${limits.maxDepth}`, raw)
  }
  for (const segment of segments) checkSegment(segment, raw)
  return segments
}

function checkSegment(segment: string, raw: string): void {
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
    refuse('path-length', `a name longer than ${MAX_SEGMENT_BYTES} bytes`, raw)
  }
  if (RESERVED_NAME.test(segment)) refuse('windows-name', `Windows reserves ${segment}`, raw)
  if (/[. ]$/.test(segment)) {
    refuse('windows-name', 'a name that ends with a dot or a space', raw)
  }
}

/** What makes one text another: at `start`, `removed` gives way to `added`. */
export interface TextEdit {
  /** In UTF-16 units. */
  readonly start: number
  readonly removed: string
  readonly added: string
}

/** The edit between two texts: all but what they have in common at beginning and end. */
export function editBetween(before: string, after: string): TextEdit {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start++
  if (splitsCharacter(before, start) || splitsCharacter(after, start)) start--
  let end = 0
  const most = shorter - start
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  if (splitsCharacter(before, before.length - end) || splitsCharacter(after, after.length - end)) {
    end--
  }
  return {
    start,
    removed: before.slice(start, before.length - end),
    added: after.slice(start, after.length - end),
  }
}

/** The text after an edit. */
export function applyEdit(before: string, { start, removed, added }: TextEdit): string {
  return before.slice(0, start) + added + before.slice(start + removed.length)
}

/** The text before an edit. */
export function undoEdit(after: string, { start, removed, added }: TextEdit): string {
  return applyEdit(after, { start, removed: added, added: removed })
}

/** Whether the place is within a character of two units: half of one cannot be stored. */
function splitsCharacter(text: string, at: number): boolean {
  return at > 0 && at < text.length && isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at))
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}

/** Text of strangers for the terminal: it must not move the cursor, nor begin another line. */
export function printable(text: string): string {
  return text.replace(/\p{C}+/gu, ' ')
}

/** The same of what has several lines of our own making. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

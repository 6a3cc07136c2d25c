/** Text of strangers for the terminal: it must not move the cursor, nor begin another line. */
export function printable(text: string): string {
  return text.replace(/\p{C}+/gu, ' ')
}

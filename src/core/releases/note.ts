import { RegistryError } from '#core/errors.ts'

const MAX_NOTE_CHARS = 500

/** One line of text that people wrote for people; nothing for one that is blank. */
export function readNote(raw: string, what: 'message' | 'reason'): string | null {
  const text = raw.trim()
  if (!text.isWellFormed() || /[\p{Cc}\u2028\u2029]/u.test(text)) {
    throw new RegistryError('invalid_request', `the ${what} is one line of plain text`)
  }
  if ([...text].length > MAX_NOTE_CHARS) {
    throw new RegistryError(
      'invalid_request',
      `the ${what} has at most ${MAX_NOTE_CHARS} characters`,
    )
  }
  return text === '' ? null : text
}

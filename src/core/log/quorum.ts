import { LogError, openNote, parseNote, type Verifier } from './note.ts'

/** Whose cosignatures are wanted, and of how many of them there must be one. */
export interface Quorum {
  readonly witnesses: readonly Verifier[]
  readonly needed: number
}

/** Whether somebody signed a note, as the note says; unchecked. */
export function isSignedBy(note: string, { name, keyId }: Verifier): boolean {
  return parseNote(note).signatures.some((one) => one.name === name && one.keyId === keyId)
}

/**
 * Checks that enough witnesses cosigned a checkpoint, and gives their names. A wrong signature of
 * one of them makes the whole checkpoint worthless.
 */
export function requireQuorum(note: string, { witnesses, needed }: Quorum): string[] {
  const signed = witnesses.filter((witness) => isSignedBy(note, witness))
  for (const witness of signed) openNote(note, [witness])
  if (signed.length >= needed) return signed.map(({ name }) => name)
  const missing = witnesses.filter((witness) => !signed.includes(witness))
  const names = missing.map(({ name }) => name).join(', ')
  throw new LogError(
    `${signed.length} of the witnesses cosigned the checkpoint and ${needed} have to: not ${names}`,
  )
}

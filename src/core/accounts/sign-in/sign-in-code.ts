import { randomInt } from 'node:crypto'

/** Sixteen signs that nobody mistakes for each other: 32 bits in a code. */
const ALPHABET = '23456789ABCDEFLP'
const CODE_CHARS = 8

/** A new code. */
export function generateCode(): string {
  return Array.from({ length: CODE_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

/** A code as a person typed it: 0 and 1 are in no code, so they can only be P and L misread. */
export function foldCode(typed: string): string {
  return typed
    .slice(0, 64)
    .replace(/[\s-]/g, '')
    .toUpperCase()
    .replaceAll('0', 'P')
    .replaceAll('1', 'L')
}

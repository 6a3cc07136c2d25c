import type { Command } from 'commander'
import type { Page, PageRequest } from '#core/page.ts'
import { MAX_PAGE_LIMIT } from '#core/page.ts'
import { printableLines } from './client/printable.ts'
import { writeError, writeOut } from './stdio.ts'
import { type Columns, formatTable } from './table.ts'

/** Writes a line to stdout. */
export function print(line: string): void {
  writeOut(`${line}\n`)
}

/** Writes a line to stderr. */
export function note(line: string): void {
  writeError(`${line}\n`)
}

/** Whether the command was asked for JSON. */
export function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<{ json?: boolean }>().json === true
}

/** One JSON document; moments are written as in the API. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, isoMoment, 2))
}

/** Prints what a command did: as a sentence, which may quote what a stranger wrote, or as JSON. */
export function printOutcome(command: Command, sentence: string, value: unknown): void {
  if (wantsJson(command)) printJson(value)
  else print(printableLines(sentence))
}

/** Prints a list: a table on a terminal, tabs between the columns elsewhere, or a JSON array. */
export function printList<T>(command: Command, items: readonly T[], columns: Columns<T>): void {
  if (wantsJson(command)) {
    printJson(items)
    return
  }
  if (items.length === 0 && process.stdout.isTTY) note('There is none yet.')
  writeOut(formatTable(items, columns, process.stdout.isTTY))
}

/** All items of a paged list. */
export async function everyPage<T>(list: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let after: string | undefined
  do {
    const page = await list({ limit: MAX_PAGE_LIMIT, ...(after !== undefined && { after }) })
    items.push(...page.items)
    after = page.next
  } while (after !== undefined)
  return items
}

/** Milliseconds since 1970 as tables show them. */
export function moment(millis: number | undefined): string | undefined {
  return millis === undefined ? undefined : `${new Date(millis).toISOString().slice(0, 19)}Z`
}

/** A number of bytes for people. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 5)
  return `${(bytes / 1024 ** power).toFixed(1)} ${'KMGTP'[power - 1]}iB`
}

/** '1 user', '2 users'. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function isoMoment(key: string, value: unknown): unknown {
  return key.endsWith('At') && typeof value === 'number' ? new Date(value).toISOString() : value
}

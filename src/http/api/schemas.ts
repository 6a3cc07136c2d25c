import { z } from '@hono/zod-openapi'
import { SCOPES } from '#core/access/actor.ts'

/** A moment in an answer. */
export const Time = z
  .string()
  .openapi({ format: 'date-time', example: '2026-01-31T12:00:00.000Z', description: 'RFC 3339' })

/** A moment in a request, read as milliseconds since 1970. */
export const TimeInput = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 date and time, like 2026-01-31T12:00:00Z' })
  .transform((text) => Date.parse(text))
  .openapi({ type: 'string', format: 'date-time', example: '2026-01-31T12:00:00Z' })

/** The id of a token or job in a path. */
export const Id = z
  .string()
  .regex(/^[1-9][0-9]{0,14}$/, 'must be a whole number from 1')
  .transform(Number)
  .openapi({ type: 'integer', example: 12 })

export const RoleName = z.enum(['reader', 'publisher', 'admin']).openapi('Role', {
  description:
    'reader: private content; publisher: new packages, releases and tags; admin: everything else',
})

export const ScopeName = z.enum(SCOPES as ['admin', 'publish', 'read']).openapi('Scope')

/** The moment in an answer that a number of milliseconds stands for. */
export function time(millis: number): string {
  return new Date(millis).toISOString()
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** The same without what is undefined: for verbs that tell "left out" from "undefined". */
export function defined<T extends object>(given: T): Defined<T> {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Defined<T>
}

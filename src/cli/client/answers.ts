import { z } from 'zod'
import { CliError } from '#cli/failure.ts'
import { printable } from './printable.ts'
import type { Answer } from './send.ts'

/** How a protocol refuses, and what to do about it. */
export interface Refusals {
  /** Where the answer came from, as messages name it. */
  readonly url: string
  /** What to do next, by status. */
  readonly hints: Readonly<Record<number, string>>
  /** What to do where this does not look like such a registry at all. */
  readonly noRegistry: string
  /** Why, as the protocol's own body says, read as JSON and as it is; printable. */
  reason(body: unknown, text: string): string | undefined
}

/** What a registry refused. */
export class RefusedError extends CliError {
  readonly status: number

  constructor(message: string, hint: string, status: number) {
    super(message, hint)
    this.status = status
  }
}

/** How the registry's own pages say no. */
const problemBody = z.object({ detail: z.string() })

/** Passes what was done; throws what was refused, in words. */
export function accept(answer: Answer, { url, hints, noRegistry, reason }: Refusals): Answer {
  const { status, bytes } = answer
  if (status >= 200 && status < 300) return answer
  const text = Buffer.from(bytes).toString()
  const body = parseJson(text)
  const why = reason(body, text) ?? problemOf(body) ?? `status ${status}`
  throw new RefusedError(`${url}: ${why}`, hints[status] ?? noRegistry, status)
}

/** The JSON of an answer, as the protocol says that it must be. */
export function parseAnswer<T>(
  { bytes }: Answer,
  schema: z.ZodType<T>,
  { url, noRegistry }: Pick<Refusals, 'url' | 'noRegistry'>,
): T {
  const parsed = schema.safeParse(parseJson(Buffer.from(bytes).toString()))
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.') || 'its body'
  throw new CliError(`${url} does not answer as the protocol says (${where})`, noRegistry)
}

function problemOf(body: unknown): string | undefined {
  const problem = problemBody.safeParse(body)
  return problem.success ? printable(problem.data.detail) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

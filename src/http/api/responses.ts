import { z } from '@hono/zod-openapi'
import { type ErrorCode, errorCodes, RegistryError } from '#core/errors.ts'

const Reason = z
  .object({
    in: z.string().openapi({ example: 'json' }),
    path: z.string().openapi({ example: 'scopes.0' }),
    reason: z.string(),
  })
  .openapi('Reason')

/** Every failure, as RFC 9457 problem details. */
const Problem = z
  .object({
    type: z.string().openapi({ example: 'about:blank' }),
    title: z.string().openapi({ description: 'What this kind of failure is called' }),
    status: z.int(),
    code: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]).openapi({
      description: 'Never changes once released: the one thing to decide by',
    }),
    detail: z.string().openapi({ description: 'What was wrong this time' }),
    requestId: z.string().openapi({ description: 'Names this request in the log and the audit' }),
    errors: z
      .array(Reason)
      .optional()
      .openapi({ description: 'Every part of the request that is not as described here' }),
  })
  .openapi('Problem')

/** Anybody can hear these anywhere. */
const ALWAYS: readonly ErrorCode[] = ['invalid_request', 'credential_invalid', 'rate_limited']

/** An answer with a JSON body. */
export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

/** A JSON body that must be sent. */
export function body<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } } as const
}

/** The failures of an endpoint, besides those that every endpoint has. */
export function problems(...codes: ErrorCode[]) {
  const listed = [...ALWAYS, ...codes].map((code) => `${code} (${statusOf(code)})`)
  return {
    description: `A problem: ${listed.join(', ')}`,
    content: { 'application/problem+json': { schema: Problem } },
  }
}

function statusOf(code: ErrorCode): number {
  return new RegistryError(code, '').status
}

import { HTTPException } from 'hono/http-exception'
import { RegistryError } from '#core/errors.ts'

/** What a schema found wrong, as zod tells it. */
interface Issues {
  readonly issues: ReadonlyArray<{
    readonly path: readonly PropertyKey[]
    readonly message: string
  }>
}

interface Validated {
  readonly success: boolean
  readonly target: string
  readonly error?: Issues
}

const MAX_REASONS = 20

/** Refuses what is not as its schema says, naming every place. */
export function refuseInvalid(result: Validated): void {
  if (result.success) return
  const issues = result.error?.issues ?? []
  const errors = issues.slice(0, MAX_REASONS).map(({ path, message }) => ({
    in: result.target,
    path: path.map(String).join('.'),
    reason: reasonOf(message),
  }))
  const told = errors.map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`))
  throw new RegistryError('invalid_request', told.join('; '), { details: { errors } })
}

/** In JSON nothing is undefined: it is missing. */
function reasonOf(message: string): string {
  return message
    .replace(/^Invalid input: /, '')
    .replace(/^expected (.+), received undefined$/, 'is missing: expected $1')
}

/** What the framework itself refuses, in our words; anything else passes. */
export function fromFramework(error: unknown): unknown {
  if (!(error instanceof HTTPException)) return error
  if (error.status === 415) {
    return new RegistryError('unsupported_media_type', 'the body must be application/json')
  }
  if (error.status >= 500) return error
  return new RegistryError('invalid_request', 'the body is not well-formed JSON')
}

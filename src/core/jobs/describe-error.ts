import { RegistryError } from '#core/errors.ts'

const MAX_CHARS = 500

/** What went wrong in one line that an operator may read: no stack, and nothing that looks secret. */
export function describeError(error: unknown): string {
  const [firstLine = ''] = messageOf(error).split('\n')
  return firstLine
    .replace(/:\/\/[^\s/@]+@/g, '://***@')
    .replace(/\b(bearer|basic)\s+\S+/gi, '$1 ***')
    .replace(/\b(password|secret|token|signature|key)=[^\s&]+/gi, '$1=***')
    .replace(/\b\w{2,12}_[A-Za-z0-9]{20,}\b/g, '***')
    .slice(0, MAX_CHARS)
}

function messageOf(error: unknown): string {
  if (error instanceof RegistryError) return `${error.code}: ${error.message}`
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

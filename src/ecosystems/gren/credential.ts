import type { ShownCredential } from '#ecosystems/contract.ts'
import { bearerOrBasic } from '#ecosystems/credential.ts'

/**
 * Where Gren's clients put the session: in `Authorization`, for git with any user name or as the user
 * name itself, or in the query as `session`. Who it belongs to it says itself.
 */
export function grenCredential(request: Request): ShownCredential | undefined {
  const shown = bearerOrBasic(request)
  if (shown) return { secret: shown.secret === '' ? (shown.userName ?? '') : shown.secret }
  if (!request.url.includes('session=')) return undefined
  const session = new URL(request.url).searchParams.get('session')
  return session === null || session === '' ? undefined : { secret: session }
}

import type { ShownCredential } from '#ecosystems/contract.ts'
import { bearerOrBasic } from '#ecosystems/credential.ts'

/** Bearer (a token of ours, or one made from it) or Basic (user name and token). */
export function credential(request: Request): ShownCredential | undefined {
  const shown = bearerOrBasic(request)
  return shown && shown.userName === undefined ? { ...shown, mayBeGrant: true } : shown
}

import { RegistryError } from '#core/errors.ts'
import type { ShownCredential } from '#ecosystems/contract.ts'

/** Bearer (a token of ours, or one made from it) or Basic (user name and token). */
export function credential(request: Request): ShownCredential | undefined {
  const header = request.headers.get('authorization')
  if (header === null || header === '') return undefined
  const bearer = /^Bearer +([^\s]+)$/i.exec(header)?.[1]
  if (bearer !== undefined) return { secret: bearer, mayBeGrant: true }
  const basic = /^Basic +([A-Za-z0-9+/_-]+=*)$/i.exec(header)?.[1]
  if (basic === undefined) {
    throw new RegistryError('credential_invalid', 'Authorization is neither Bearer nor Basic')
  }
  const [userName = '', ...rest] = Buffer.from(basic, 'base64').toString('utf8').split(':')
  return { userName, secret: rest.join(':') }
}

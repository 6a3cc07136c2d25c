import { RegistryError } from '#core/errors.ts'
import type { ShownCredential } from './contract.ts'

/** The credential in `Authorization`: Bearer, or Basic with a user name and a token. */
export function bearerOrBasic(request: Request): ShownCredential | undefined {
  const header = request.headers.get('authorization')
  if (header === null || header === '') return undefined
  const bearer = /^Bearer +([^\s]+)$/i.exec(header)?.[1]
  if (bearer !== undefined) return { secret: bearer }
  const basic = /^Basic +([A-Za-z0-9+/_-]+=*)$/i.exec(header)?.[1]
  if (basic === undefined) {
    throw new RegistryError('credential_invalid', 'Authorization is neither Bearer nor Basic')
  }
  const [userName = '', ...rest] = Buffer.from(basic, 'base64').toString('utf8').split(':')
  return { userName, secret: rest.join(':') }
}

import { RegistryError } from '#core/errors.ts'

const MAX_EMAIL_CHARS = 254
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i
const DOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i

/** Syntax only: whether it reaches somebody is found out by writing to it. Throws `invalid_request`. */
export function parseEmail(raw: string): string {
  const at = raw.lastIndexOf('@')
  const isEmail =
    raw.length <= MAX_EMAIL_CHARS &&
    LOCAL_PART.test(raw.slice(0, at)) &&
    DOMAIN.test(raw.slice(at + 1))
  if (at < 1 || !isEmail) throw new RegistryError('invalid_request', 'this is no e-mail address')
  return raw
}

/** The key under which two spellings of an address are one. */
export function emailKey(email: string): string {
  return email.toLowerCase()
}

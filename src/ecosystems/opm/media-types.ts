import { RegistryError } from '#core/errors.ts'

/** What a document is about. */
export type Kind = 'namespace' | 'project' | 'repository' | 'tag'
/** A whole one, what makes one, or a list. */
export type Form = '' | 'create' | 'list'

const PREFIX = 'application/vnd.open-package-management.'
const SHORT_PREFIX = 'application/vnd.opm.'

/** RFC 6838 §4.2, each half. */
const MEDIA_TYPE = /^[A-Za-z0-9][\w!#$&^.+-]{0,126}\/[A-Za-z0-9][\w!#$&^.+-]{0,126}$/
/** Types whose bytes promise that other content is there: only their own protocol checks that. */
const CHECKED_TYPE = /^application\/vnd\.(?:oci|docker)\..*(?:manifest|index)/i

/** Whether a text can be a media type, without parameters. */
export function isMediaType(raw: string): boolean {
  return MEDIA_TYPE.test(raw)
}

/** Whether bytes of that type stand for themselves alone. */
export function isPlainType(raw: string): boolean {
  return isMediaType(raw) && !CHECKED_TYPE.test(raw)
}

/** The type that we answer with: the spelling of the OpenAPI document. */
export function mediaType(kind: Kind, form: Form = ''): string {
  return `${PREFIX}${kind}${form === '' ? '' : `-${form}`}.v1+json`
}

/** Every spelling that upstream's documents have: either prefix, form after a dash or a dot. */
function spellings(kind: Kind, form: Form): string[] {
  const names = form === '' ? [kind] : [`${kind}-${form}`, `${kind}.${form}`]
  return [PREFIX, SHORT_PREFIX].flatMap((prefix) => names.map((name) => `${prefix}${name}.v1+json`))
}

/** Throws `unsupported_media_type` unless the body is said to be such a document, or nothing is said. */
export function checkContentType(header: string | undefined, kind: Kind): void {
  const type = header?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === '' || type === 'application/json') return
  if ([...spellings(kind, 'create'), ...spellings(kind, '')].includes(type)) return
  throw new RegistryError(
    'unsupported_media_type',
    `send application/json or ${mediaType(kind, 'create')}, not ${type.slice(0, 100)}`,
  )
}

/** Whether an Accept header allows a document of that kind. */
export function isAcceptable(header: string | null, kind: Kind, form: Form): boolean {
  if (header === null || header.trim() === '') return true
  const wanted = ['*/*', 'application/*', 'application/json', ...spellings(kind, form)]
  return acceptedTypes(header).some((type) => wanted.includes(type))
}

/** Throws `not_acceptable` unless the Accept header allows a document of that kind. */
export function checkAccept(header: string | null, kind: Kind, form: Form): void {
  if (isAcceptable(header, kind, form)) return
  throw new RegistryError(
    'not_acceptable',
    `here only ${mediaType(kind, form)} or application/json`,
  )
}

/** The types in an Accept header without those that are refused by `q=0`. */
function acceptedTypes(header: string): string[] {
  return header.split(',').flatMap((part) => {
    const [type = '', ...parameters] = part.split(';').map((one) => one.trim().toLowerCase())
    return parameters.some((one) => /^q=0(?:\.0*)?$/.test(one)) ? [] : [type]
  })
}

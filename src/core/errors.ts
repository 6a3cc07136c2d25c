/** Every way a request can fail that is the caller's business to know about: stable code → status and title. */
const ERRORS = {
  invalid_request: [400, 'Malformed request'],
  name_invalid: [400, 'Invalid name'],
  digest_invalid: [400, 'Invalid or mismatching digest'],
  size_invalid: [400, 'Size does not match'],
  manifest_invalid: [400, 'Invalid manifest'],
  unauthenticated: [401, 'A credential is needed'],
  credential_invalid: [401, 'The credential is wrong, expired or revoked'],
  forbidden: [403, 'Not allowed'],
  scope_missing: [403, 'The credential lacks a scope'],
  quota_exceeded: [403, 'Quota exceeded'],
  not_found: [404, 'Not found'],
  user_unknown: [404, 'No such user'],
  token_unknown: [404, 'No such token'],
  session_unknown: [404, 'No such session'],
  namespace_unknown: [404, 'No such namespace'],
  package_unknown: [404, 'No such package'],
  release_unknown: [404, 'No such release'],
  tag_unknown: [404, 'No such tag'],
  blob_unknown: [404, 'No such blob'],
  upload_unknown: [404, 'No such upload'],
  manifest_blob_unknown: [404, 'The manifest refers to content that is not there'],
  job_unknown: [404, 'No such job'],
  advisory_unknown: [404, 'No such advisory'],
  transfer_unknown: [404, 'No such transfer'],
  webhook_unknown: [404, 'No such webhook'],
  delivery_unknown: [404, 'No such delivery'],
  method_not_allowed: [405, 'Method not allowed'],
  in_use: [405, 'Still in use'],
  not_acceptable: [406, 'No acceptable representation'],
  conflict: [409, 'Conflict'],
  name_taken: [409, 'The name is taken'],
  tag_immutable: [409, 'Tags of this package are immutable'],
  last_admin: [409, 'The last admin cannot leave'],
  namespace_terminating: [409, 'The namespace is being deleted'],
  gone: [410, 'Gone'],
  length_required: [411, 'Length required'],
  too_large: [413, 'Too large'],
  uri_too_long: [414, 'Too many or too long parameters'],
  unsupported_media_type: [415, 'Unsupported media type'],
  range_invalid: [416, 'Range not satisfiable'],
  unprocessable: [422, 'Unprocessable content'],
  rate_limited: [429, 'Too many requests'],
  headers_too_large: [431, 'Request headers too large'],
  internal: [500, 'Internal error'],
  unavailable: [503, 'Temporarily unavailable'],
  storage_full: [507, 'Storage is full'],
} as const satisfies Record<string, readonly [number, string]>

/** The stable name of a failure, as clients and logs see it. */
export type ErrorCode = keyof typeof ERRORS

/** The HTTP status that stands for a failure. */
export type ErrorStatus = (typeof ERRORS)[ErrorCode][0]

export const errorCodes = Object.keys(ERRORS) as readonly ErrorCode[]

interface ErrorDetails {
  /** Machine-readable facts about this occurrence. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Seconds to wait before trying again. */
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

/** A failure that the caller may know about; anything else thrown is a bug or a crash. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, more: ErrorDetails = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.details = more.details ?? {}
    this.retryAfterSeconds = more.retryAfterSeconds
  }

  get status(): ErrorStatus {
    return ERRORS[this.code][0]
  }

  /** What this kind of failure is called, whatever the occurrence. */
  get title(): string {
    return ERRORS[this.code][1]
  }
}

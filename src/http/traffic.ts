import type { Limits } from '#config.ts'
import { addressBlock } from '#core/accounts/address-block.ts'
import { RegistryError } from '#core/errors.ts'

/** A URL longer than this is nobody's; 100 tags of 128 characters fit. */
const MAX_URL_CHARS = 16 * 1024
const TRY_AGAIN_SECONDS = 1
/** While stopping: when another process has most likely taken over. */
const DRAIN_RETRY_SECONDS = 5

/** A request at the gate. */
interface Arrival {
  readonly request: Request
  /** Empty for callers that are not limited, such as trusted proxies. */
  readonly address: string
  /** True where large bodies are expected. */
  readonly takesUploads: boolean
}

/** How much one process has in hand, and whether it takes more. */
export class Traffic {
  readonly #byAddress = new Map<string, number>()
  #isDraining = false
  #requests = 0
  #uploads = 0

  get isDraining(): boolean {
    return this.#isDraining
  }

  /** Requests being handled, answers from memory and answers being sent not counted. */
  get requests(): number {
    return this.#requests
  }

  get uploads(): number {
    return this.#uploads
  }

  /** From now on says no, so that clients and load balancers go elsewhere. */
  drain(): void {
    this.#isDraining = true
  }

  /** Why a request is not taken, or how to let go of it when it is done. */
  admit(arrival: Arrival, limits: Limits): RegistryError | (() => void) {
    const refusal = this.#isDraining ? stopping() : unusable(arrival.request, limits)
    if (refusal) return refusal
    const isUpload = arrival.takesUploads && hasBody(arrival.request)
    if (isUpload && this.#uploads >= limits.maxConcurrentUploads) {
      return busy('unavailable', 'too many uploads at once: try again soon')
    }
    const block = arrival.address === '' ? '' : addressBlock(arrival.address)
    if ((this.#byAddress.get(block) ?? 0) >= limits.maxConnectionsPerAddress) {
      return busy('rate_limited', 'too many requests at once from this address')
    }
    return this.#take(block, isUpload)
  }

  #take(block: string, isUpload: boolean): () => void {
    this.#requests++
    if (isUpload) this.#uploads++
    if (block !== '') this.#byAddress.set(block, (this.#byAddress.get(block) ?? 0) + 1)
    return () => {
      this.#requests--
      if (isUpload) this.#uploads--
      if (block === '') return
      const left = (this.#byAddress.get(block) ?? 1) - 1
      if (left > 0) this.#byAddress.set(block, left)
      else this.#byAddress.delete(block)
    }
  }
}

/** Whether a request carries a body, as far as its head tells. */
export function hasBody({ method, headers }: Request): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  return headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) > 0
}

function stopping(): RegistryError {
  return new RegistryError('unavailable', 'the server is stopping', {
    retryAfterSeconds: DRAIN_RETRY_SECONDS,
  })
}

function busy(code: 'unavailable' | 'rate_limited', message: string): RegistryError {
  return new RegistryError(code, message, { retryAfterSeconds: TRY_AGAIN_SECONDS })
}

function unusable(
  { url, headers }: Request,
  { maxHeaderBytes }: Limits,
): RegistryError | undefined {
  // In no name of any protocol, and PostgreSQL has no text with it.
  if (url.includes('%00')) return new RegistryError('invalid_request', 'a NUL in the URL')
  if (url.length > MAX_URL_CHARS) {
    return new RegistryError('uri_too_long', `a URL may have at most ${MAX_URL_CHARS} characters`)
  }
  let bytes = 0
  // As they were on the wire: `name: value` and the end of the line.
  for (const [name, value] of headers) bytes += name.length + value.length + 4
  if (bytes <= maxHeaderBytes) return undefined
  return new RegistryError('headers_too_large', `headers may have ${maxHeaderBytes} bytes together`)
}

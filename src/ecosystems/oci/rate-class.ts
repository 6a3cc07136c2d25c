import type { Ecosystem } from '#ecosystems/contract.ts'

const UPLOAD = /^https?:\/\/[^/]+\/v2\/[^?#]+\/blobs\/uploads\/[^/?#]+(?:[?#]|$)/
const TOKEN = /^https?:\/\/[^/]+\/token(?:[/?#]|$)/

/**
 * Asking for a token is a credential check. An upload counts once, by the POST that opens it: how
 * many chunks follow is the client's way of working, and what PUT ends was counted.
 */
export const rateClass: NonNullable<Ecosystem['rateClass']> = ({ url, method }) => {
  if (TOKEN.test(url)) return 'credential'
  return method !== 'GET' && method !== 'HEAD' && UPLOAD.test(url) ? 'uncounted' : undefined
}

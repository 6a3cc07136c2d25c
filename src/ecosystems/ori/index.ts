import type { Ecosystem } from '#ecosystems/contract.ts'
import { bearerOrBasic } from '#ecosystems/credential.ts'
import { renderError } from './errors.ts'
import { formatName, parseName } from './name.ts'
import { routes } from './routes.ts'
import { compareVersions } from './version.ts'

/** 1,000 requests per minute with a token and 100 without, whatever they are for. */
const TIERS = { anonymous: 100, authenticated: 1000 }

/** Ori's registry protocol, at `/ori/v1/`. */
export const ori: Ecosystem = {
  id: 'ori',
  label: 'Ori (ori_pkg registry)',
  parseName,
  formatName,
  compareVersions,
  credential: bearerOrBasic,
  routes,
  renderError,
  rates: { read: TIERS },
  // One count for all: the protocol knows no kinds of request.
  rateClass: ({ method }) => (method === 'OPTIONS' ? 'uncounted' : 'read'),
}

import type { Ecosystem } from '#ecosystems/contract.ts'
import { isGitRead } from '#ecosystems/git-http.ts'
import { credential } from './credential.ts'
import { renderError } from './errors.ts'
import { indexRules } from './index-files.ts'
import { formatName, parseName } from './name.ts'
import { routes } from './routes.ts'
import { compareVersions } from './version.ts'

/** Where secrets could be tried out. */
const LOGIN = /\/api\/v1\/users\/login$/

/** elba's registry protocol, at `/elba/api/v1/`. */
export const elba: Ecosystem = {
  id: 'elba',
  label: 'elba (Idris)',
  parseName,
  formatName,
  compareVersions,
  index: indexRules,
  credential,
  routes,
  renderError,
  rateClass,
}

function rateClass(request: Pick<Request, 'method' | 'url'>) {
  if (isGitRead(request)) return 'read'
  return LOGIN.test(new URL(request.url).pathname) ? 'credential' : undefined
}

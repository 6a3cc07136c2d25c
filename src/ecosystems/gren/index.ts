import type { Ecosystem } from '#ecosystems/contract.ts'
import { isGitRead } from '#ecosystems/git-http.ts'
import { grenCredential } from './credential.ts'
import { renderError } from './errors.ts'
import { foldName, formatName, parseName } from './name.ts'
import { routes } from './routes.ts'
import { isSignInRequest } from './sign-in.ts'
import { compareVersions } from './version.ts'

/** Gren's registry, at `/gren/`. */
export const gren: Ecosystem = {
  id: 'gren',
  label: 'Gren',
  parseName,
  formatName,
  compareVersions,
  foldName,
  credential: grenCredential,
  routes,
  renderError,
  rateClass,
}

function rateClass(request: Pick<Request, 'method' | 'url'>) {
  if (isGitRead(request)) return 'read'
  return isSignInRequest(request) ? 'credential' : undefined
}

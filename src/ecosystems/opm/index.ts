import type { Ecosystem } from '#ecosystems/contract.ts'
import { bearerOrBasic } from '#ecosystems/credential.ts'
import { renderError } from './errors.ts'
import { formatName, parseName } from './name.ts'
import { routes } from './routes.ts'
import { wellKnownOpm } from './well-known.ts'

/** Open Package Management: namespaces, projects, repositories and tags over every ecosystem's content. */
export const opm: Ecosystem = {
  id: 'opm',
  label: 'OPM (Open Package Management, a view over all content)',
  parseName,
  formatName,
  compareVersions: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  credential: bearerOrBasic,
  routes,
  renderError,
  wellKnown: { opm: wellKnownOpm },
}

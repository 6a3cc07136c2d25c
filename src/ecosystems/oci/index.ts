import type { Ecosystem } from '#ecosystems/contract.ts'
import { credential } from './credential.ts'
import { renderError } from './errors.ts'
import { formatName, parseName } from './name.ts'
import { rateClass } from './rate-class.ts'
import { routes } from './routes.ts'

/** OCI distribution 1.1: container images and any other artefact, at `/v2/`. */
export const oci: Ecosystem = {
  id: 'oci',
  label: 'OCI distribution (images, charts, any artefact)',
  fixedSegments: ['v2', 'token'],
  parseName,
  formatName,
  compareVersions: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  credential,
  rateClass,
  routes,
  renderError,
}

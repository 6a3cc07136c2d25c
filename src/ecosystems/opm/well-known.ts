import type { App } from '#core/app.ts'
import { contentTypes } from './content-types.ts'

const SPEC_VERSION = 'v1.0.0-rc.1'

/** `/.well-known/opm`: which of OPM's components this registry is made of, and what it can hold. */
export function wellKnownOpm(app: App) {
  const { publicUrl } = app.settings
  return {
    specVersion: SPEC_VERSION,
    components: {
      objectStorage: [{ type: app.blobs.kind, url: `${publicUrl}/opm/blobs/{digest}` }],
      registryInterface: [
        { type: 'opm', url: `${publicUrl}/opm` },
        { type: 'management', url: `${publicUrl}/api/v1/openapi.json` },
        ...app.ecosystems.filter(({ id }) => id !== 'opm').map(({ id }) => ({ type: id })),
      ],
      versionControl: [],
      builders: [],
    },
    contentTypes: contentTypes(app),
  }
}

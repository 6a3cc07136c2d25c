import type { App } from '#core/app.ts'
import { ANY_CONTENT } from './name.ts'

/** What a repository may hold, for people and programs to read about. */
export interface ContentType {
  readonly type: string
  readonly documentation: string
  readonly icon: string
}

const SPECIFICATIONS = 'https://github.com/opencontainers'

/** What this registry knows of; the first of an ecosystem is what its packages are when nobody said. */
const KNOWN: readonly ContentType[] = [
  known('oci-artifact-v1.1.0', `${SPECIFICATIONS}/distribution-spec`, '#5a6b7b'),
  known('oci-image-v1.0.0', `${SPECIFICATIONS}/image-spec`, '#262261'),
  known('docker-image-v2.2.0', 'https://distribution.github.io/distribution/', '#1d63ed'),
  known('helm-chart-v1.0.0', 'https://helm.sh/docs/topics/charts/', '#0f1689'),
  known('elba-package-v1', 'https://github.com/elba/elba', '#7a2a43'),
  known('ori-package-v1', 'https://github.com/ori-lang', '#b0603a'),
  known('gren-bundle-v1', 'https://gren-lang.org/', '#2f6d4f'),
]

/** The content types that make sense here: those of the ecosystems that this server speaks. */
export function contentTypes(app: App): readonly ContentType[] {
  return KNOWN.filter(({ type }) => {
    const named = type.split('-')[0]
    return ecosystemOf(app, type) !== ANY_CONTENT || FOR_ANY.has(named ?? '')
  })
}

/** Prefixes of types that are OCI content by nature, not for want of their own ecosystem. */
const FOR_ANY: ReadonlySet<string> = new Set(['oci', 'docker', 'helm'])

/** The ecosystem that a type's prefix names, if this server speaks it; else the one for any content. */
export function ecosystemOf(app: App, type: string): string {
  const prefix = type.split('-')[0]?.toLowerCase()
  return app.ecosystems.find(({ id }) => id === prefix)?.id ?? ANY_CONTENT
}

/** What is told of a repository's content; only the type where nothing is known of it. */
export function describeContent(
  app: App,
  found: { ecosystem: string; contentType: string },
): Partial<ContentType> {
  const { ecosystem, contentType } = found
  if (contentType === '') {
    return KNOWN.find(({ type }) => ecosystemOf(app, type) === ecosystem) ?? { type: ecosystem }
  }
  return KNOWN.find(({ type }) => type === contentType) ?? { type: contentType }
}

function known(type: string, documentation: string, colour: string): ContentType {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="${colour}"/></svg>`
  return { type, documentation, icon: `data:image/svg+xml,${encodeURIComponent(svg)}` }
}

import { randomBytes } from 'node:crypto'
import { makeBundle, moduleSource } from '../test/gren-packages.ts'
import { type Content, digestOf, type Headers, pushBlob, repository } from './content.ts'
import type { Entrepot } from './entrepot.ts'
import type { Running } from './processes.ts'

/** What was published through Gren's protocol. */
export interface GrenServed {
  readonly versions: Content
  readonly latest: Content
  /** A bundle, and the same bytes as a blob of docker-registry. */
  readonly bundle: Content
  readonly blob: Content
  /** Repositories below the server's address. */
  readonly someVersions: GrenRepository
  readonly manyVersions: GrenRepository
}

/** A package as git sees it. */
export interface GrenRepository {
  readonly path: string
  readonly count: number
}

/** A path with a query as a static file can have it. */
export const asFileName = (path: string) => path.replace('?', '_')

const bundleBytes = 122 * 1024
const some = 200
const many = 1000

/** A package of 200 versions, one of 1,000, and one of 122 KB; the last also as a blob of the peer. */
export async function publishGrenContent(
  server: Entrepot,
  dockerRegistry: Running | undefined,
  progress: (text: string) => void,
): Promise<GrenServed> {
  const publish = publisher(server)
  for (const [project, count] of [
    ['some', some],
    ['many', many],
  ] as const) {
    for (let patch = 0; patch < count; patch++) {
      await publish(`bench/${project}`, `1.0.${patch}`, 2000)
    }
    progress(`published ${count} versions of a Gren package`)
  }
  await publish('bench/large', '1.0.0', bundleBytes)
  const read = reader(server.baseUrl)
  const bundle = await read('/gren/package/bench/large/1.0.0/bundle')
  if (dockerRegistry) await pushBlob(dockerRegistry.baseUrl, bundle.bytes, {})
  return {
    versions: await read('/gren/package/bench/some/versions'),
    latest: await read('/gren/package/bench/some/latest?compiler=0.6.5'),
    bundle,
    blob: { path: `/v2/${repository}/blobs/${digestOf(bundle.bytes)}`, bytes: bundle.bytes },
    someVersions: { path: '/gren/git/bench/some.git', count: some },
    manyVersions: { path: '/gren/git/bench/many.git', count: many },
  }
}

/** Publishes a package whose bundle has about so many bytes. */
function publisher({ baseUrl, pushToken }: Entrepot) {
  const headers: Headers = {
    authorization: `Bearer ${pushToken}`,
    'content-type': 'application/gzip',
  }
  return async (name: string, version: string, bytes: number) => {
    // Base64 of chance shrinks by a quarter: about what was asked for is left.
    const chance = randomBytes(bytes).toString('base64')
    const source = `${moduleSource('Main')}\n-- ${chance}\n`
    const response = await fetch(`${baseUrl}/gren/package/${name}/${version}`, {
      method: 'PUT',
      headers,
      body: new Uint8Array(makeBundle({ name, version, sources: { Main: source } })),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`publish ${name} ${version}: ${response.status} ${text}`)
  }
}

function reader(baseUrl: string) {
  return async (path: string): Promise<Content> => {
    const response = await fetch(baseUrl + path)
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
    return { path, bytes: Buffer.from(await response.arrayBuffer()) }
  }
}

import { digestOf, type Headers, manifestType } from './content.ts'
import type { Entrepot } from './entrepot.ts'
import { fillRows } from './seed-rows.ts'

/** Many manifests, tagged m1 … m<count>. */
export interface Seeded {
  readonly count: number
  /** Followed by a number it is the path of a manifest. */
  readonly prefix: string
  /** So many at either end were pushed and can be read; between them are rows alone. */
  readonly edge: number
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const repository = 'bench/seed'
const pushersAtOnce = 16
const maxEdge = 10_000

/**
 * Fills the server with manifests of their own bytes, in order, and says how far it is. The first and
 * the last ones go through the front door; what lies between is only there to be searched through,
 * so it gets its rows and no bytes.
 */
export async function seed(
  server: Entrepot,
  count: number,
  progress: (text: string) => void,
): Promise<Seeded> {
  const edge = Math.min(maxEdge, Math.ceil(count / 2))
  const config = await pushConfig(server.baseUrl, await server.authorize(repository))
  await pushRange(server, config, { first: 1, last: edge })
  progress(`pushed the first ${edge} of ${count} manifests`)
  fillRows(server.databasePath, { first: edge + 1, last: count - edge }, progress)
  await pushRange(server, config, { first: Math.max(count - edge, edge) + 1, last: count })
  progress(`pushed the last ${edge} of ${count} manifests`)
  return { count, prefix: `/v2/${repository}/manifests/m`, edge }
}

async function pushRange(
  server: Entrepot,
  config: Descriptor,
  { first, last }: { first: number; last: number },
): Promise<void> {
  const headers = await server.authorize(repository)
  let next = first
  const push = async () => {
    while (next <= last) await pushManifest(server.baseUrl, headers, config, next++)
  }
  await Promise.all(Array.from({ length: pushersAtOnce }, push))
}

async function pushConfig(baseUrl: string, headers: Headers): Promise<Descriptor> {
  const body = new TextEncoder().encode('{}')
  const digest = digestOf(body)
  const url = `${baseUrl}/v2/${repository}/blobs/uploads/?digest=${digest}`
  const type = { 'content-type': 'application/octet-stream' }
  await create(url, { method: 'POST', headers: { ...headers, ...type }, body })
  return { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: body.length }
}

async function pushManifest(
  baseUrl: string,
  headers: Headers,
  config: Descriptor,
  number: number,
): Promise<void> {
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config,
    layers: [config],
    annotations: { 'org.example.number': String(number) },
  }
  const url = `${baseUrl}/v2/${repository}/manifests/m${number}`
  const body = new TextEncoder().encode(JSON.stringify(manifest))
  await create(url, { method: 'PUT', headers: { ...headers, 'content-type': manifestType }, body })
}

async function create(url: string, init: RequestInit): Promise<void> {
  const response = await fetch(url, init)
  const text = await response.text()
  if (response.status === 201) return
  throw new Error(`${init.method} ${url}: ${response.status} ${text.slice(0, 300)}`)
}

import { digestOf, type Headers, manifestType } from './content.ts'
import type { Entrepot } from './entrepot.ts'

/** Many manifests, tagged m1 … m<count>. */
export interface Seeded {
  readonly count: number
  /** Followed by a number from 1 to count it is the path of a manifest. */
  readonly prefix: string
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const repository = 'bench/seed'
const pushersAtOnce = 16
const pushesPerToken = 5000

/**
 * Fills the server with manifests of their own bytes, in order, and says how far it is.
 * They go through the front door: a faster way in would have to be proved equal to it.
 */
export async function seed(
  server: Entrepot,
  count: number,
  progress: (text: string) => void,
): Promise<Seeded> {
  let headers = await server.authorize(repository)
  const config = await pushConfig(server.baseUrl, headers)
  let next = 1
  for (let end = 0; end < count; ) {
    end = Math.min(end + pushesPerToken, count)
    headers = await server.authorize(repository)
    const push = async () => {
      while (next <= end) await pushManifest(server.baseUrl, headers, config, next++)
    }
    await Promise.all(Array.from({ length: pushersAtOnce }, push))
    progress(`seeded ${end} of ${count} manifests`)
  }
  return { count, prefix: `/v2/${repository}/manifests/m` }
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

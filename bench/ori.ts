import { randomBytes } from 'node:crypto'
import { packPackage } from '../src/ecosystems/ori/pack.ts'
import type { Content } from './content.ts'
import type { Entrepot } from './entrepot.ts'

/** What was published through Ori's protocol, before and after the registry was filled. */
export interface OriServed {
  readonly early: OriContent
  readonly late: OriContent
}

/** A list of versions, and where an archive is. */
export interface OriContent {
  readonly versions: Content
  readonly archivePath: string
}

/** An Ori package to be published, of about so many bytes. */
interface OriDraft {
  readonly name: string
  readonly version: string
  readonly bytes: number
}

const publishersAtOnce = 8
const megabyte = 1024 * 1024

/** Where the versions of a package are listed. */
const versionsPath = (name: string) => `/ori/v1/packages/${name}/versions`

/** Where a version is downloaded. */
const downloadPath = (name: string, version: string) =>
  `/ori/v1/packages/${name}/${version}/download`

/** Packs a package whose archive can hardly be compressed. */
export function packOri({ name, version, bytes }: OriDraft): Uint8Array<ArrayBuffer> {
  const manifest = `[project]\nname = "${name}"\nversion = "${version}"\nori = "0.5.0"\n`
  const files = {
    'oripk.toml': Buffer.from(`${manifest}description = "measured"\n\n[dependencies]\n`),
    'oripk.lock': Buffer.from(''),
    'src/lib.ori': Buffer.from(`// ${name}\n`),
    'src/data.bin': randomBytes(bytes),
  }
  const packed = packPackage(Object.entries(files).map(([path, file]) => ({ path, bytes: file })))
  return new Uint8Array(packed)
}

/** The body of a publish, and its type. */
export function oriForm(archive: Uint8Array): { type: string; body: Buffer } {
  const boundary = 'entrepot-bench'
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="archive"; filename="x.oripk"\r\n\r\n`
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([Buffer.from(head), archive, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  }
}

/** A package of 200 versions, and one of 1 MB. */
export async function publishOriContent(server: Entrepot, when: string): Promise<OriContent> {
  const many = `@bench/many-${when}`
  const large = `@bench/large-${when}`
  await publishOriVersions(server, { name: many, count: 200, bytes: 1000 })
  await publishOriVersions(server, { name: large, count: 1, bytes: megabyte })
  const path = versionsPath(many)
  const response = await fetch(server.baseUrl + path)
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
  const bytes = Buffer.from(await response.arrayBuffer())
  return { versions: { path, bytes }, archivePath: downloadPath(large, '1.0.0') }
}

/** Publishes versions 1.0.0 … 1.0.<count - 1> of a package. */
async function publishOriVersions(
  server: Entrepot,
  { name, count, bytes }: { name: string; count: number; bytes: number },
): Promise<void> {
  let next = 0
  const publish = async () => {
    while (next < count) await publishOri(server, { name, version: `1.0.${next++}`, bytes })
  }
  // The first one makes the package; the others need not wait for each other.
  await publishOri(server, { name, version: `1.0.${next++}`, bytes })
  await Promise.all(Array.from({ length: publishersAtOnce }, publish))
}

async function publishOri(server: Entrepot, draft: OriDraft): Promise<void> {
  const { type, body } = oriForm(packOri(draft))
  const response = await fetch(`${server.baseUrl}/ori/v1/packages/${draft.name}/publish`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.pushToken}`, 'content-type': type },
    body: new Uint8Array(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`publish ${draft.name}: ${response.status} ${text}`)
}

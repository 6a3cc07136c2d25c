import { can } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { parseDigest } from '#core/blobs/digest.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { RegistryError } from '#core/errors.ts'
import { findPackage, type Package, resourceOf } from '#core/packages/package.ts'
import { findRelease, readRelease } from '#core/releases/get-release.ts'
import { listReferrers } from '#core/releases/list-referrers.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'
import { inspectManifest } from './manifest-format.ts'
import { COMMON_HEADERS, nextLink, type OciRequest } from './request.ts'

const PAGE_SIZE = 200
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'

/** A descriptor as the referrers list shows it. */
interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** end-12a and 12b: what is about a digest; an empty index for what is unknown or hidden. */
export async function readReferrers(request: OciRequest): Promise<Response> {
  const { c, query, reference: subject } = request
  const { app, actor } = c.var
  parseDigest(subject)
  const kind = query.get('artifactType') ?? undefined
  const headers: Record<string, string> = {
    ...COMMON_HEADERS,
    'content-type': INDEX_TYPE,
    'cache-control': 'no-cache',
    ...(kind !== undefined && { 'oci-filters-applied': 'artifactType' }),
  }
  const from = await findPackage(app, request.package)
  if (!from || !can(actor, 'read', resourceOf(from))) {
    return new Response(index([]), { headers })
  }
  const after = placeOf(query.get('after'))
  const found = await listReferrers(app, from, subject, { limit: PAGE_SIZE + 1, after, kind })
  const page = found.slice(0, PAGE_SIZE)
  const manifests = page.map((one) =>
    describe(one, one.kind, (one.metadata.annotations ?? {}) as Record<string, string>),
  )
  if (found.length > PAGE_SIZE) headers.link = nextLink(c, { after: String(page.at(-1)?.id) })
  // Fallback tags come once, on the first page.
  if (after === 0) {
    const known = new Set(manifests.map((one) => one.digest))
    const tagged = await readFallbackTag(app, from, subject)
    for (const one of tagged) {
      if (known.has(one.digest) || (kind !== undefined && one.artifactType !== kind)) continue
      manifests.push(one)
    }
  }
  return sendHot(c, {
    topics: [packageTopic(from.id)],
    headers,
    body: new TextEncoder().encode(index(manifests)),
    isPublic: from.visibility === 'public',
    grant: { name: request.name, action: 'pull' },
  })
}

/** Where the page before ended, as our own link says it. */
function placeOf(raw: string | null): number {
  if (raw === null || raw === '') return 0
  if (/^\d{1,15}$/.test(raw)) return Number(raw)
  throw new RegistryError(
    'invalid_request',
    `after is not a place in the list: ${raw.slice(0, 50)}`,
  )
}

/** What clients of registries without this API kept under the tag `sha256-<hex>` (spec, "Backwards Compatibility"). */
async function readFallbackTag(app: App, from: Package, subject: string): Promise<Descriptor[]> {
  const tag = subject.replace(':', '-').slice(0, 128)
  const release = await findRelease(app, from, tag)
  if (release?.mediaType !== INDEX_TYPE) return []
  const { manifests } = inspectManifest(await readRelease(app, release), release.mediaType)
  return manifests.map((one) => describe(one, one.artifactType ?? '', one.annotations ?? {}))
}

function describe(
  one: { mediaType: string; digest: string; size: number },
  artifactType: string,
  annotations: Readonly<Record<string, string>>,
): Descriptor {
  const { mediaType, digest, size } = one
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== '' && { artifactType }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }
}

function index(manifests: readonly Descriptor[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests })
}

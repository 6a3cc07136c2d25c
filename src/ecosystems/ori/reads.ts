import type { Context } from 'hono'
import type { App } from '#core/app.ts'
import { parseDigest } from '#core/blobs/digest.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { countDownload } from '#core/downloads/count-download.ts'
import { RegistryError } from '#core/errors.ts'
import { findPlace } from '#core/log/find-place.ts'
import { proofFile } from '#core/log/make-proof-file.ts'
import { LOG_TOPIC } from '#core/log/read-log.ts'
import { getReadablePackage, type Package } from '#core/packages/package.ts'
import { getVersion, listVersions, type Version } from '#core/releases/versions.ts'
import { advisoryIds } from '#ecosystems/advisories.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendBlob } from '#ecosystems/send-blob.ts'
import { sendDocument } from '#ecosystems/send-document.ts'
import { advisoryRules } from './advisories.ts'
import { time } from './answers.ts'
import { refOf, versionOf } from './request.ts'

/** GET …/versions: newest first; `?include_yanked=false` leaves yanked ones out. */
export async function readVersions(c: Context<Env>): Promise<Response> {
  const from = await readable(c)
  const wanted = new URL(c.req.url).searchParams.get('include_yanked')
  if (wanted !== null && wanted !== 'true' && wanted !== 'false') {
    throw new RegistryError('invalid_request', 'include_yanked is true or false')
  }
  const found = await listVersions(c.var.app, from)
  const versions = found
    .filter(({ yankedAt }) => wanted !== 'false' || yankedAt === null)
    .map((one) => ({
      version: one.version,
      checksum: one.digest,
      yanked: one.yankedAt !== null,
      deprecated: one.deprecation?.message ?? null,
      published_at: time(one.createdAt),
      ori: one.metadata.ori ?? null,
    }))
  const topics = [packageTopic(from.id)]
  return sendDocument(c, { package: from.path, versions }, { from, topics })
}

/** GET …/{version}/metadata: what its manifest says, and what happened to it since. */
export async function readMetadata(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const from = await readable(c)
  const release = await getVersion(app, from, versionOf(c))
  const { deprecation, yankedAt, yankReason } = release
  const log = await placeInLog(app, from, release)
  const { registries: _, ...manifest } = release.metadata
  const body = {
    ...manifest,
    // A package that moved is called otherwise than its manifest says.
    name: from.path,
    checksum: release.digest,
    size: release.size,
    yanked: yankedAt !== null,
    ...(yankReason !== null && { yank_reason: yankReason }),
    deprecated: deprecation && { message: deprecation.message, at: time(deprecation.at) },
    published_at: time(release.createdAt),
    advisories: await advisoryIds(app, actor, {
      from,
      version: release.version,
      rules: advisoryRules,
    }),
    log,
  }
  // Until it has its index, each checkpoint may bring that.
  const isPlaced = log !== null && log.index !== null
  const topics = [packageTopic(from.id), ...(isPlaced ? [] : [LOG_TOPIC])]
  return sendDocument(c, body, { from, topics })
}

/** GET …/{version}/download: the archive as it was published; a yanked one too. */
export async function readDownload(c: Context<Env>): Promise<Response> {
  const { app } = c.var
  const from = await readable(c)
  const { id, digest, size, locator, version } = await getVersion(app, from, versionOf(c))
  const base64 = Buffer.from(parseDigest(digest).hex, 'hex').toString('base64')
  const file = `${from.path.replace('@', '').replace('/', '-')}-${version}.oripk`
  return await sendBlob(c, {
    topics: [packageTopic(from.id)],
    headers: {
      'content-type': ARCHIVE_TYPE,
      'content-disposition': `attachment; filename="${file}"`,
      digest: `sha-256=${base64}`,
      'repr-digest': `sha-256=:${base64}:`,
      etag: `"${digest}"`,
      'accept-ranges': 'bytes',
      'cache-control': `${from.visibility}, max-age=31536000, immutable`,
      'x-content-type-options': 'nosniff',
    },
    locator,
    size,
    isPublic: from.visibility === 'public',
    onSent: () => countDownload(app, id),
  })
}

/** What archives are served as. */
export const ARCHIVE_TYPE = 'application/vnd.ori.oripk'

/** GET …/{version}/download.tlog-proof: shows the archive's checksum in the log. */
export async function readProof(c: Context<Env>): Promise<Response> {
  const { app } = c.var
  const from = await readable(c)
  const { version } = await getVersion(app, from, versionOf(c))
  const text = await proofFile(app, from.ecosystem, from.path, version)
  return new Response(text, {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': from.visibility === 'public' ? 'no-cache' : 'private, no-cache',
    },
  })
}

/** Where the log tells of a release, as bodies have it. */
export async function placeInLog(
  app: App,
  from: Package,
  { version }: Pick<Version, 'version'>,
): Promise<{ index: number | null; leaf_hash: string } | null> {
  const place = await findPlace(app, { ecosystem: from.ecosystem, name: from.path, version })
  return place ? { index: place.index, leaf_hash: place.leafHash } : null
}

function readable(c: Context<Env>): Promise<Package> {
  return getReadablePackage(c.var.app, c.var.actor, refOf(c))
}

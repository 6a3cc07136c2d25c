import type { Context } from 'hono'
import { packageTopic } from '#core/cache/topics.ts'
import { countDownload } from '#core/downloads/count-download.ts'
import { countDownloads, listDownloadDays } from '#core/downloads/read-downloads.ts'
import { proofFile } from '#core/log/make-proof-file.ts'
import { listPublishingOwners } from '#core/packages/owners/list-publishing-owners.ts'
import { getPackageDetails } from '#core/packages/package-details.ts'
import { getReleaseFile } from '#core/releases/get-release-file.ts'
import { getVersion, listVersionNumbers } from '#core/releases/versions.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendBlob } from '#ecosystems/send-blob.ts'
import { sendDocument } from '#ecosystems/send-document.ts'
import { sendJson, time } from './answers.ts'
import type { Requirement } from './manifest.ts'
import { spelledName } from './name.ts'
import { readablePackage, readableRelease, refOf, versionOf } from './request.ts'
import { latestVersion, sortVersions, userView, versionView } from './version-view.ts'

/** What archives are served as. */
export const ARCHIVE_TYPE = 'application/gzip'

/** GET …/{group}/{package}/metadata: the package, and its best version whole. */
export async function readPackage(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const from = await readablePackage(c)
  const latest = latestVersion(await listVersionNumbers(app, from))
  const { createdAt, updatedAt } = await getPackageDetails(app, actor, refOf(c))
  const release = latest && (await getVersion(app, from, latest.version))
  const version = release && (await versionView(app, from, release))
  const body = {
    package: {
      ...spelledName(from),
      latest_version: version?.view ?? null,
      updated_at: time(updatedAt),
      created_at: time(createdAt),
    },
  }
  return sendDocument(c, body, { from, topics: version?.topics ?? [packageTopic(from.id)] })
}

/** GET …/versions: newest first, yanked ones too. */
export async function readVersions(c: Context<Env>): Promise<Response> {
  const from = await readablePackage(c)
  const found = sortVersions(await listVersionNumbers(c.var.app, from))
  const versions = found.map(({ version }) => ({ ...spelledName(from), version }))
  return sendDocument(c, { versions }, { from, topics: [packageTopic(from.id)] })
}

/** GET …/owners. */
export async function readOwners(c: Context<Env>): Promise<Response> {
  const owners = await listPublishingOwners(c.var.app, await readablePackage(c))
  return sendJson({ owners: owners.map((owner) => userView(owner)) })
}

/** GET …/{version}/metadata. */
export async function readVersionMetadata(c: Context<Env>): Promise<Response> {
  const { from, release } = await readableRelease(c)
  const { view, topics } = await versionView(c.var.app, from, release)
  return sendDocument(c, { version: view }, { from, topics })
}

/** GET …/{version}/readme. */
export async function readReadme(c: Context<Env>): Promise<Response> {
  const from = await readablePackage(c)
  const wanted = { version: versionOf(c), role: 'readme' }
  const { digest, locator, size } = await getReleaseFile(c.var.app, from, wanted)
  return await sendBlob(c, {
    topics: [packageTopic(from.id)],
    // Whoever wrote it may have meant a page: text it is.
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': `${from.visibility}, max-age=31536000, immutable`,
      etag: `"${digest}"`,
      'x-content-type-options': 'nosniff',
    },
    locator,
    size,
    isPublic: from.visibility === 'public',
  })
}

/** GET …/{version}/dependencies. */
export async function readDependencies(c: Context<Env>): Promise<Response> {
  const { from, release } = await readableRelease(c)
  const stored = (release.metadata.dependencies ?? []) as readonly Requirement[]
  const dependencies = stored.map(({ name, req }) => {
    const [group = '', packageName = ''] = name.split('/')
    return { group, package: packageName, version_req: req }
  })
  return sendDocument(c, { dependencies }, { from, topics: [packageTopic(from.id)] })
}

/**
 * GET …/{version}/download: the archive as it was published, of a yanked release too. Sent at once:
 * clients that would follow a redirect save that request.
 */
export async function readDownload(c: Context<Env>): Promise<Response> {
  const { app } = c.var
  const { from, release } = await readableRelease(c)
  const { id, digest, size, locator, version } = release
  return await sendBlob(c, {
    topics: [packageTopic(from.id)],
    headers: {
      'content-type': ARCHIVE_TYPE,
      'content-disposition': `attachment; filename="${from.path.replace('/', '_')}-${version}.tar.gz"`,
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

/** GET …/{version}/download.tlog-proof: the release's place in the log, to be checked without us. */
export async function readProof(c: Context<Env>): Promise<Response> {
  const { from, release } = await readableRelease(c)
  const text = await proofFile(c.var.app, from.ecosystem, from.path, release.version)
  return new Response(text, {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': from.visibility === 'public' ? 'no-cache' : 'private, no-cache',
    },
  })
}

/** GET …/{version}/download_stats: ever, and within the last 90 days. */
export async function readDownloadStats(c: Context<Env>): Promise<Response> {
  const { release } = await readableRelease(c)
  const { total, season } = await countDownloads(c.var.app, release.id)
  return sendJson({ download_stats: { total, season } })
}

/** GET …/{version}/download_graph: the days on which there were any, newest first. */
export async function readDownloadGraph(c: Context<Env>): Promise<Response> {
  const { release } = await readableRelease(c)
  const days = await listDownloadDays(c.var.app, release.id)
  const graph = days.map(({ at, count }) => ({ date: time(at), downloads: count }))
  return sendJson({ download_graph: graph })
}

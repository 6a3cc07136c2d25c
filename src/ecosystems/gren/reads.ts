import type { Context } from 'hono'
import { parseDigest } from '#core/blobs/digest.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { countDownload } from '#core/downloads/count-download.ts'
import { proofFile } from '#core/log/make-proof-file.ts'
import { getReleaseFile } from '#core/releases/get-release-file.ts'
import { getVersion } from '#core/releases/versions.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendBlob } from '#ecosystems/send-blob.ts'
import { sendDocument } from './answers.ts'
import type { Extra } from './bundle.ts'
import { readablePackage, sayingRevoked, versionOf } from './request.ts'

/** GET …/{version}/outline: gren.json as it was published. */
export async function readOutlineFile(c: Context<Env>): Promise<Response> {
  const from = await readablePackage(c)
  const { metadata } = await sayingRevoked(getVersion(c.var.app, from, versionOf(c)))
  return sendDocument(c, from, metadata.outline)
}

/** GET …/{version}/bundle: the bytes as they were published; of a yanked version too. */
export function readBundleFile(c: Context<Env>): Promise<Response> {
  return sendFile(c, 'bundle')
}

/** Answers GET …/{version}/readme and the like: what was published beside the bundle. */
export function readExtraFile(role: Extra): (c: Context<Env>) => Promise<Response> {
  return (c) => sendFile(c, role)
}

async function sendFile(c: Context<Env>, role: 'bundle' | Extra): Promise<Response> {
  const { app } = c.var
  const from = await readablePackage(c)
  const version = versionOf(c)
  const file = await sayingRevoked(getReleaseFile(app, from, { version, role }))
  const { releaseId, digest, mediaType, size, locator } = file
  const base64 = Buffer.from(parseDigest(digest).hex, 'hex').toString('base64')
  const name = bundleFileName(from.path, version)
  return await sendBlob(c, {
    topics: [packageTopic(from.id)],
    headers: {
      'content-type': mediaType,
      ...(role === 'bundle' && { 'content-disposition': `attachment; filename="${name}"` }),
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
    ...(role === 'bundle' && { onSent: () => countDownload(app, releaseId) }),
  })
}

/** What the client calls a bundle in `gren_packages/`. */
export function bundleFileName(path: string, version: string): string {
  const fold = (text: string) => text.replace(/[-./]/g, '_')
  return `${fold(path)}__${fold(version)}.pkg.gz`
}

/** GET …/{version}/bundle.tlog-proof: shows the bundle's checksum in the log. */
export async function readProof(c: Context<Env>): Promise<Response> {
  const { app } = c.var
  const from = await readablePackage(c)
  const { version } = await sayingRevoked(getVersion(app, from, versionOf(c)))
  const text = await proofFile(app, from.ecosystem, from.path, version)
  return new Response(text, {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': from.visibility === 'public' ? 'no-cache' : 'private, no-cache',
    },
  })
}

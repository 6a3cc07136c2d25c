import type { Context } from 'hono'
import { isDigest } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package, PackageRef } from '#core/packages/package.ts'
import type { AttachedFile } from '#core/releases/new-release.ts'
import { mayPublish, publishRelease } from '#core/releases/publish-release.ts'
import type { Env } from '#ecosystems/contract.ts'
import { partText, readMultipart } from '#ecosystems/multipart.ts'
import {
  abortingOnFailure,
  type ReceivedArchive,
  receiveArchive,
} from '#ecosystems/receive-archive.ts'
import { sendJson } from './answers.ts'
import { checkDependencies } from './dependency-rules.ts'
import { Findings, type Warning } from './findings.ts'
import {
  type InspectedPackage,
  inspectPackage,
  MAX_ARCHIVE_BYTES,
  refusePackage,
} from './inspect.ts'
import { MANIFEST_FILE } from './manifest.ts'
import { ARCHIVE_TYPE, placeInLog } from './reads.ts'
import { refOf } from './request.ts'
import { isPrerelease } from './version.ts'

/** What clients call the part that is the archive. */
const ARCHIVE_PARTS: ReadonlySet<string> = new Set(['archive', 'package', 'file'])
const MAX_CHECKSUM_BYTES = 256
/** First come, first served: a scope that nobody has is its first publisher's. */
const CLAIMS = { claimsNamespace: true } as const

type Received = ReceivedArchive<InspectedPackage>

/** POST …/publish: a form with the archive, and perhaps its checksum. */
export async function publish(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const ref = refOf(c)
  await mayPublish(app, actor, ref, CLAIMS)
  const archive = await receiveForm(c, ref)
  const { manifest } = archive.inspected
  const { target, warnings } = await abortingOnFailure(app, archive, async () => {
    const warnings = await checkAgainstRegistry(c, archive)
    return { target: await record(c, ref, archive), warnings }
  })
  const { version } = manifest
  return sendJson(
    {
      name: target.path,
      version,
      checksum: archive.digest,
      log: await placeInLog(app, target, manifest),
      warnings: warnings.map(({ file, message }) => `${file}: ${message}`),
    },
    201,
  )
}

async function receiveForm(c: Context<Env>, ref: PackageRef): Promise<Received> {
  const { app } = c.var
  let archive: Received | undefined
  let checksum: string | undefined
  try {
    for await (const part of readMultipart(c.req.raw)) {
      if (part.name === 'checksum') checksum = (await partText(part, MAX_CHECKSUM_BYTES)).trim()
      if (!ARCHIVE_PARTS.has(part.name)) continue
      if (archive) throw new RegistryError('invalid_request', 'one archive at a time')
      archive = await receiveArchive(app, part.body, {
        maxBytes: MAX_ARCHIVE_BYTES,
        inspect: (source) => inspectPackage(ref, source),
      })
    }
    if (!archive) {
      throw new RegistryError('invalid_request', 'the form has no part called archive')
    }
    checkChecksum(checksum, archive.digest)
    return archive
  } catch (error) {
    if (archive) await app.blobs.abort(archive.partId)
    throw error
  }
}

function checkChecksum(checksum: string | undefined, digest: string): void {
  if (checksum === undefined || checksum === digest) return
  if (!isDigest(checksum)) {
    throw new RegistryError('digest_invalid', 'checksum must be sha256: and 64 hexadecimal digits')
  }
  throw refusePackage([
    {
      file: 'the archive',
      rule: 'checksum_mismatch',
      message: `its checksum is ${digest} and the form says ${checksum}`,
    },
  ])
}

/** Everything that takes the database to know; answers what is worth a warning. */
async function checkAgainstRegistry(c: Context<Env>, { inspected }: Received): Promise<Warning[]> {
  const { app, actor } = c.var
  const { version } = inspected.manifest
  const policy = new Findings(MANIFEST_FILE)
  if (isPrerelease(version) && !app.settings.allowPrereleases) {
    policy.refuse('prerelease', `this registry takes no pre-releases, and ${version} is one`)
  }
  const all = [policy, ...(await checkDependencies(app, actor, inspected))]
  const problems = all.flatMap((one) => one.problems)
  if (problems.length > 0) throw refusePackage(problems)
  return [...inspected.warnings, ...all.flatMap((one) => one.warnings)]
}

function record(c: Context<Env>, ref: PackageRef, archive: Received): Promise<Package> {
  const { manifest, manifestBytes, readmeBytes } = archive.inspected
  const attached: AttachedFile[] = [
    { role: 'manifest', mediaType: 'application/toml', bytes: manifestBytes },
  ]
  if (readmeBytes) {
    attached.push({ role: 'readme', mediaType: 'text/markdown', bytes: readmeBytes })
  }
  return publishRelease(c.var.app, c.var.actor, ref, {
    ...CLAIMS,
    version: manifest.version,
    partId: archive.partId,
    digest: archive.digest,
    role: 'archive',
    mediaType: ARCHIVE_TYPE,
    kind: '',
    metadata: { ...manifest },
    files: [],
    attached,
    tags: [],
    mustBeNew: true,
  })
}

import type { Context } from 'hono'
import { RegistryError } from '#core/errors.ts'
import { mayPublish } from '#core/releases/publish-release.ts'
import type { Env } from '#ecosystems/contract.ts'
import { bodyChunks } from '#ecosystems/read-body.ts'
import { abortingOnFailure, receiveArchive } from '#ecosystems/receive-archive.ts'
import { sendJson } from './answers.ts'
import { findDependencies } from './dependency-rules.ts'
import { inspectPackage, MAX_ARCHIVE_BYTES } from './inspect.ts'
import { refuseManifest } from './manifest.ts'
import { packageRef } from './name.ts'
import { CLAIMS, type ReceivedPackage, recordRelease } from './record-release.ts'
import { refOf } from './request.ts'
import { readVersion } from './version.ts'

/** What the path says that is published. */
interface Expected {
  readonly name: string
  readonly version: string
}

/** PUT …/{group}/{package}/{version}/publish: as clients do. */
export async function publishNamed(c: Context<Env>): Promise<Response> {
  const ref = refOf(c)
  const version = c.req.param('version') ?? ''
  if (!readVersion(version)) {
    throw new RegistryError('invalid_request', `not a version: ${version.slice(0, 100)}`)
  }
  await mayPublish(c.var.app, c.var.actor, ref, CLAIMS)
  const name = `${ref.namespace}/${ref.name}`
  return await publish(c, (archive) => checkExpected(archive, { name, version }))
}

/** PUT /api/v1/publish: as upstream's document has it, where the manifest alone says what it is. */
export async function publishUnnamed(c: Context<Env>): Promise<Response> {
  if (c.var.actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to publish needs a token')
  }
  return await publish(c, async ({ inspected }) => {
    await mayPublish(c.var.app, c.var.actor, packageRef(inspected.manifest.name), CLAIMS)
  })
}

async function publish(
  c: Context<Env>,
  check: (archive: ReceivedPackage) => Promise<void> | void,
): Promise<Response> {
  const { app, actor } = c.var
  const type = c.req.header('content-type') ?? ''
  if (type.startsWith('multipart/')) {
    const message = 'send the archive itself as the body, not a form'
    throw new RegistryError('unsupported_media_type', message)
  }
  const archive = await receiveArchive(app, bodyChunks(c.req.raw), {
    maxBytes: MAX_ARCHIVE_BYTES,
    inspect: inspectPackage,
  })
  await abortingOnFailure(app, archive, async () => {
    await check(archive)
    const dependencies = await findDependencies(app, actor, archive.inspected.manifest)
    await recordRelease(app, actor, archive, { dependencies, mustDiffer: true })
  })
  return sendJson({})
}

function checkExpected({ inspected }: ReceivedPackage, { name, version }: Expected): void {
  const { manifest } = inspected
  const problems: string[] = []
  if (manifest.name !== name) {
    problems.push(`package.name is ${manifest.name}, and is published as ${name}`)
  }
  if (manifest.version !== version) {
    problems.push(`package.version is ${manifest.version}, and is published as ${version}`)
  }
  if (problems.length > 0) throw refuseManifest(problems)
}

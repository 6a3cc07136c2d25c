import type { Context } from 'hono'
import { digestOf } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import { findNamespace } from '#core/namespaces/find-namespace.ts'
import { findPackage, type PackageRef } from '#core/packages/package.ts'
import { listTakenVersions } from '#core/releases/find-versions.ts'
import type { ReleaseDependency } from '#core/releases/list-dependents.ts'
import type { AttachedFile } from '#core/releases/new-release.ts'
import { mayPublish, publishRelease } from '#core/releases/publish-release.ts'
import type { Env } from '#ecosystems/contract.ts'
import { type FormPart, readMultipart } from '#ecosystems/multipart.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { sendJson } from './answers.ts'
import { EXTRA_NAMES, type Extra, MAX_BUNDLE_BYTES, maxExtraBytes } from './bundle.ts'
import { checkDependencies } from './dependency-rules.ts'
import { updateGitSoon } from './git.ts'
import { type InspectedPackage, inspectPackage, type SentPackage } from './inspect.ts'
import { formatName, nameOf, packageRef } from './name.ts'
import type { Outline } from './outline.ts'
import { Findings } from './problems.ts'
import { refOf, versionOf } from './request.ts'
import { reachableVersions } from './version.ts'

/** What bundles are served as. */
const BUNDLE_TYPE = 'application/gzip'

const EXTRA_TYPES: Readonly<Record<Extra, string>> = {
  readme: 'text/markdown; charset=utf-8',
  license: 'text/plain; charset=utf-8',
  docs: 'application/json',
  changelog: 'text/markdown; charset=utf-8',
}

/** PUT …/{version}: the body is the bundle. */
export async function publishBundle(c: Context<Env>): Promise<Response> {
  const ref = refOf(c)
  const version = versionOf(c)
  await sayingIdentity(c, ref, mayPublish(c.var.app, c.var.actor, ref))
  const bundle = await readBody(c.req.raw, MAX_BUNDLE_BYTES)
  const findings = new Findings()
  const inspected = await inspectPackage({ bundle, extras: {} }, findings)
  const { outline } = inspected
  if (outline.name !== '' && !isCalled(outline.name, ref)) {
    findings.refuse('outline.name', `is ${outline.name}, published as ${formatName(ref)}`)
  }
  if (outline.version !== '' && outline.version !== version) {
    findings.refuse('outline.version', `is ${outline.version}, published as ${version}`)
  }
  return await publish(c, { ref, bundle, inspected }, findings)
}

/** POST /package: a form of the bundle and what belongs to it; the bundle says what it is. */
export async function publishForm(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to publish needs a credential')
  }
  const sent = await receiveForm(c)
  const findings = new Findings()
  const inspected = await inspectPackage(sent, findings)
  const { name } = inspected.outline
  // Without a name there is nothing to compare with: that is said with all the rest.
  if (name === '') findings.throwIfAny()
  const ref = packageRef(name)
  await sayingIdentity(c, ref, mayPublish(app, actor, ref))
  return await publish(c, { ref, bundle: sent.bundle, inspected }, findings)
}

/** Where core says that an operator makes a namespace: here everybody makes their identity. */
async function sayingIdentity(
  c: Context<Env>,
  { namespace }: PackageRef,
  work: Promise<void>,
): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'forbidden') throw error
    if (await findNamespace(c.var.app.database.db, namespace)) throw error
    const how = `POST /publishing-identity, or: entrepot gren identity create ${namespace}`
    const message = `there is no publishing identity ${namespace}; create it with ${how}`
    throw new RegistryError('forbidden', message, { cause: error })
  }
}

interface Publishing {
  readonly ref: PackageRef
  readonly bundle: Uint8Array
  readonly inspected: InspectedPackage
}

async function publish(
  c: Context<Env>,
  publishing: Publishing,
  findings: Findings,
): Promise<Response> {
  const { app, actor } = c.var
  const { ref, inspected } = publishing
  const { outline } = inspected
  await checkVersion(c, ref, outline, findings)
  await checkSpelling(c, ref, outline, findings)
  const dependencies = await checkDependencies({ app, actor, ref }, outline, findings)
  findings.throwIfAny()
  const digest = await record(c, publishing, dependencies)
  return sendJson(
    {
      name: outline.name,
      version: outline.version,
      sha256: digest.replace('sha256:', ''),
      warnings: findings.warnings,
    },
    201,
  )
}

async function receiveForm(c: Context<Env>): Promise<SentPackage> {
  let bundle: Uint8Array | undefined
  const extras: Partial<Record<Extra, Uint8Array>> = {}
  for await (const part of readMultipart(c.req.raw)) {
    const name = EXTRA_NAMES.find((one) => one === part.name)
    if (name) extras[name] = await partBytes(part, maxExtraBytes(name))
    else if (part.name === 'bundle' && !bundle) bundle = await partBytes(part, MAX_BUNDLE_BYTES)
    else if (part.name === 'bundle') {
      throw new RegistryError('invalid_request', 'one bundle at a time')
    }
  }
  if (bundle) return { bundle, extras }
  throw new RegistryError('invalid_request', 'the form has no part called bundle')
}

async function partBytes({ name, body }: FormPart, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxBytes) {
      throw new RegistryError('too_large', `${name} may have at most ${maxBytes} bytes`)
    }
    // A copy: what comes is a view of a larger buffer.
    chunks.push(Uint8Array.from(chunk))
  }
  return Buffer.concat(chunks)
}

function isCalled(name: string, ref: PackageRef): boolean {
  return formatName(packageRef(name)) === formatName(ref)
}

/**
 * The version must be one of those that may come next. Whoever publishes another one meanwhile takes
 * none of the others away, and the same one is refused by the database.
 */
async function checkVersion(
  c: Context<Env>,
  ref: PackageRef,
  { version }: Outline,
  findings: Findings,
): Promise<void> {
  if (version === '') return
  const taken = await listTakenVersions(c.var.app, ref.ecosystem, formatName(ref))
  // What is taken is a conflict, which is said where it is exact.
  if (taken.includes(version)) return
  const next = reachableVersions(taken)
  if (next.includes(version)) return
  const why =
    taken.length === 0
      ? 'the first version of a package is 1.0.0'
      : `after what is published may come: ${next.slice(-20).join(', ')}`
  findings.refuse('outline.version', `is ${version}; ${why}`)
}

/** Two spellings of one name would be two packages to the client. */
async function checkSpelling(
  c: Context<Env>,
  ref: PackageRef,
  { name }: Outline,
  findings: Findings,
): Promise<void> {
  const known = await findPackage(c.var.app, ref)
  if (!known || name === '' || name === nameOf(known) || !isCalled(name, ref)) return
  findings.refuse('outline.name', `was spelled ${nameOf(known)} until now`)
}

async function record(
  c: Context<Env>,
  { bundle, inspected }: Publishing,
  dependencies: readonly ReleaseDependency[],
): Promise<string> {
  const { outline, rawOutline, extras } = inspected
  const digest = digestOf(bundle)
  const attached: AttachedFile[] = EXTRA_NAMES.flatMap((role) => {
    const bytes = extras[role]
    return bytes ? [{ role, mediaType: EXTRA_TYPES[role], bytes }] : []
  })
  // As its author spells it: the path of the request need not.
  const target = await publishRelease(c.var.app, c.var.actor, packageRef(outline.name), {
    version: outline.version,
    bytes: bundle,
    digest,
    role: 'bundle',
    mediaType: BUNDLE_TYPE,
    kind: '',
    metadata: {
      description: outline.summary,
      license: outline.license,
      platform: outline.platform,
      outline: rawOutline,
    },
    files: [],
    attached,
    tags: [],
    dependencies,
    mustBeNew: true,
    isPrivate: outline.isPrivate,
  })
  updateGitSoon(c.var.app, target)
  return digest
}

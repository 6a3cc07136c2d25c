import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { findText } from '#cli/client/text-file.ts'
import { CliError } from '#cli/failure.ts'
import { formatBytes } from '#cli/output.ts'
import { readFolder } from '#core/archives/read-folder.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import { CHECKSUM_FILE } from '#ecosystems/ori/checksum.ts'
import { Findings } from '#ecosystems/ori/findings.ts'
import { inspectPackage, MAX_ARCHIVE_BYTES } from '#ecosystems/ori/inspect.ts'
import { LOCK_FILE } from '#ecosystems/ori/lock.ts'
import { parseLooseToml } from '#ecosystems/ori/loose-toml.ts'
import { MANIFEST_FILE, type Manifest, readManifest } from '#ecosystems/ori/manifest.ts'
import { parseName } from '#ecosystems/ori/name.ts'
import { packPackage } from '#ecosystems/ori/pack.ts'

/** What a folder's manifest says. */
export interface Project {
  readonly folder: string
  /** As it is published: without `[scripts]`. */
  readonly manifestText: string
  readonly manifest: Manifest
  readonly publish: {
    readonly registry?: string
    readonly include: readonly string[]
    readonly exclude: readonly string[]
  }
}

/** A package ready to be sent. */
export interface PackedProject {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly checksum: string
  readonly files: ReadonlyArray<{ readonly path: string; readonly size: number }>
  readonly warnings: readonly string[]
}

const encoder = new TextEncoder()
const MAX_FILES_BYTES = 100 * 1024 * 1024
/** What every package has; `[publish] include` adds to it. */
const USUAL = ['/src/', '/README.md', '/LICENSE*']

/** Reads the manifest of a folder; nothing when there is none. */
export async function findProject(folder: string): Promise<Project | undefined> {
  const path = join(folder, MANIFEST_FILE)
  const text = await findText(path)
  if (text === undefined) return undefined
  const manifestText = withoutScripts(text, path)
  const findings = new Findings(MANIFEST_FILE)
  const raw = parseLooseToml(manifestText, findings)
  const publish = findings.table('publish', raw.publish)
  const lines = { items: 1000, chars: 1000 }
  const registry = findings.text('publish.registry', publish.registry, 200)
  const include = findings.texts('publish.include', publish.include, lines)
  const exclude = findings.texts('publish.exclude', publish.exclude, lines)
  refuseProblems(findings.problems, path)
  return {
    folder,
    manifestText,
    manifest: readManifest(manifestText).manifest,
    publish: { ...(registry !== undefined && { registry }), include, exclude },
  }
}

/** Refuses a manifest that cannot be published. */
export function checkManifest({ folder, manifestText }: Project): void {
  refuseProblems(readManifest(manifestText).findings.problems, join(folder, MANIFEST_FILE))
}

/** Packs a project with its lock, if it has one, and inspects the result as the registry will. */
export async function packProject(
  project: Project,
  lockText: string | undefined,
): Promise<PackedProject> {
  const { folder, manifestText, publish } = project
  const chosen = await readFolder(folder, {
    include: [...USUAL, ...publish.include],
    exclude: publish.exclude,
    ignoreFiles: ['.gitignore'],
    maxBytes: MAX_FILES_BYTES,
  })
  const own = [MANIFEST_FILE, LOCK_FILE, CHECKSUM_FILE]
  const files = [
    { path: MANIFEST_FILE, bytes: encoder.encode(manifestText) },
    ...(lockText === undefined ? [] : [{ path: LOCK_FILE, bytes: encoder.encode(lockText) }]),
    ...chosen.filter(({ path }) => !own.includes(path)),
  ]
  const bytes = Uint8Array.from(packPackage(files))
  return {
    bytes,
    checksum: digestOf(bytes),
    files: files.map(({ path, bytes: content }) => ({ path, size: content.byteLength })),
    warnings: await inspect(project, bytes),
  }
}

async function inspect({ manifest, folder }: Project, bytes: Uint8Array): Promise<string[]> {
  if (bytes.byteLength > MAX_ARCHIVE_BYTES) {
    const [size, most] = [bytes.byteLength, MAX_ARCHIVE_BYTES].map(formatBytes)
    const hint = 'leave files out with [publish] exclude in oripk.toml'
    throw new CliError(`the package has ${size} and may have ${most}`, hint)
  }
  try {
    const { warnings } = await inspectPackage(parseName(manifest.name), once(bytes))
    return warnings.map(({ file, message }) => `${file}: ${message}`)
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    const { problems } = error.details
    if (Array.isArray(problems)) refuseProblems(problems, folder)
    throw error
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function refuseProblems(
  problems: ReadonlyArray<{ readonly file: string; readonly message: string }>,
  where: string,
): void {
  if (problems.length === 0) return
  const lines = problems.map(({ file, message }) => `\n  ${file}: ${message}`)
  const hint = 'correct it and try again; nothing was sent'
  throw new CliError(`${where} is not right:${lines.join('')}`, hint)
}

/**
 * Takes `[scripts]` out, line by line. The rest stays as it was written, which is checked: a header
 * may also stand in a text of several lines.
 */
function withoutScripts(text: string, path: string): string {
  const parse = (toml: string) => parseLooseToml(toml, new Findings(MANIFEST_FILE))
  const { scripts, ...rest } = parse(text)
  if (scripts === undefined) return text
  let isScripts = false
  const kept = text.split('\n').filter((line) => {
    const header = /^\s*\[\[?\s*([^\].\s]+)/.exec(line)?.[1]
    if (header !== undefined) isScripts = header === 'scripts'
    return !isScripts
  })
  const stripped = kept.join('\n')
  if (isDeepStrictEqual({ ...parse(stripped) }, rest)) return stripped
  const hint = 'write it as a plain [scripts] table, or publish a manifest without it'
  throw new CliError(`${path}: [scripts] cannot be taken out for publishing`, hint)
}

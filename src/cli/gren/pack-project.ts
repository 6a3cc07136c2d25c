import { join } from 'node:path'
import { findBytes } from '#cli/client/text-file.ts'
import { CliError } from '#cli/failure.ts'
import { gzipAlike } from '#core/archives/gzip-alike.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import type { Extra } from '#ecosystems/gren/bundle.ts'
import { inspectPackage, type SentPackage } from '#ecosystems/gren/inspect.ts'
import type { Outline } from '#ecosystems/gren/outline.ts'
import { Findings, type Problem } from '#ecosystems/gren/problems.ts'
import { printOutline } from './print-outline.ts'
import { type GrenProject, OUTLINE_FILE } from './project.ts'
import { readSources, type Sources } from './read-sources.ts'

/** A package ready to be sent. */
export interface PackedPackage {
  readonly outline: Outline
  readonly bundle: Uint8Array<ArrayBuffer>
  /** Of the bundle, in hex. */
  readonly sha256: string
  readonly modules: readonly string[]
  /** What goes with the bundle. */
  readonly extras: ReadonlyMap<Extra, Uint8Array>
  readonly warnings: readonly string[]
}

/** Where the texts that go with a bundle are, the first that is there. */
const EXTRA_FILES: Readonly<Record<Extra, readonly string[]>> = {
  readme: ['README.md'],
  license: ['LICENSE'],
  changelog: ['CHANGELOG.md', 'CHANGELOG'],
  docs: ['docs.json'],
}

/**
 * Packs a package as the client would: the same tree gives the same bytes. Then looks at it as the
 * registry will, and as `gren package validate` does; all that is wrong is told at once.
 */
export async function packProject(
  project: GrenProject,
  { isPrivate }: { isPrivate: boolean },
): Promise<PackedPackage> {
  const { folder, isPackage } = project
  if (!isPackage) {
    const message = `${join(folder, OUTLINE_FILE)} is that of an application`
    throw new CliError(message, 'only packages are published: `gren init --package` begins one')
  }
  const sources = await readSources(folder)
  const bundle = makeBundle(project, sources, isPrivate)
  const extras = await readExtras(folder)
  const { outline, warnings } = await inspect(folder, {
    bundle,
    extras: Object.fromEntries(extras),
  })
  return {
    outline,
    bundle,
    sha256: digestOf(bundle).replace('sha256:', ''),
    modules: [...sources.modules.keys()],
    extras,
    warnings: [...sources.warnings, ...warnings.map(problemLine)],
  }
}

function makeBundle(
  { outline }: GrenProject,
  { modules }: Sources,
  isPrivate: boolean,
): Uint8Array<ArrayBuffer> {
  const content = {
    outline: printOutline({ ...outline, ...(isPrivate && { private: true }) }),
    sources: Object.fromEntries(modules),
  }
  return gzipAlike(new TextEncoder().encode(JSON.stringify(content)))
}

async function readExtras(folder: string): Promise<Map<Extra, Uint8Array>> {
  const extras = new Map<Extra, Uint8Array>()
  for (const [name, files] of Object.entries(EXTRA_FILES)) {
    for (const file of files) {
      const bytes = extras.has(name as Extra) ? undefined : await findBytes(join(folder, file))
      if (bytes) extras.set(name as Extra, bytes)
    }
  }
  return extras
}

async function inspect(folder: string, sent: SentPackage) {
  const findings = new Findings()
  try {
    const { outline } = await inspectPackage(sent, findings)
    // What the registry only warns of, the client would not have published.
    const [missing, warnings] = partition(findings.warnings)
    refuseProblems([...findings.problems, ...missing], folder)
    return { outline, warnings }
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    refuseProblems(error.details.problems as readonly Problem[] | undefined, folder)
    throw error
  }
}

function partition(warnings: readonly Problem[]): [Problem[], Problem[]] {
  const isNeeded = ({ path }: Problem) => path === 'readme' || path === 'license'
  return [warnings.filter(isNeeded), warnings.filter((one) => !isNeeded(one))]
}

function refuseProblems(problems: readonly Problem[] = [], folder: string): void {
  if (problems.length === 0) return
  const lines = problems.map((one) => `\n  ${problemLine(one)}`)
  const hint = 'correct it and try again; nothing was sent'
  throw new CliError(`the package in ${folder} is not right:${lines.join('')}`, hint)
}

/** A problem, with its place as whoever looks at the folder knows it. */
export function problemLine({ path, problem }: Problem): string {
  const file = EXTRA_FILES[path as Extra]?.[0]
  return `${file ?? path.replace(/^outline\b/, OUTLINE_FILE)}: ${problem}`
}

import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findBytes } from '#cli/client/text-file.ts'
import { CliError } from '#cli/failure.ts'
import { RegistryError } from '#core/errors.ts'
import { readBundle } from '#ecosystems/gren/bundle.ts'
import { Findings } from '#ecosystems/gren/problems.ts'
import { bundleFileName } from '#ecosystems/gren/reads.ts'

/** One version of a package. */
export interface Release {
  readonly name: string
  readonly version: string
}

/** The outline in a bundle. */
export type BundleOutline = Readonly<Record<string, unknown>>

const FOLDER = 'gren_packages'

/** Where the client looks for a package of a project. */
function bundlePath(folder: string, { name, version }: Release): string {
  return join(folder, FOLDER, bundleFileName(name, version))
}

/** The outline of a bundle that a project has already; nothing when it is not there, or damaged. */
export async function findBundle(
  folder: string,
  release: Release,
): Promise<BundleOutline | undefined> {
  const bytes = await findBytes(bundlePath(folder, release))
  if (!bytes) return undefined
  try {
    return await outlineIn(bytes, release)
  } catch (error) {
    // As for the client, what cannot be read is not there.
    if (error instanceof RegistryError || error instanceof WrongBundleError) return undefined
    throw error
  }
}

/** The outline of a bundle from elsewhere. */
export async function openBundle(
  url: string,
  bytes: Uint8Array,
  release: Release,
): Promise<BundleOutline> {
  try {
    return await outlineIn(bytes, release)
  } catch (error) {
    if (!(error instanceof RegistryError || error instanceof WrongBundleError)) throw error
    const what = `${release.name} ${release.version}`
    const hint =
      error instanceof WrongBundleError
        ? 'nothing was written; is the name spelled so in gren.json?'
        : 'nothing was written; tell the registry’s operator'
    throw new CliError(`${url}: the bundle of ${what} is no good: ${error.message}`, hint, error)
  }
}

/** Puts a bundle where the client looks for it: whole, or not at all. */
export async function writeBundle(
  folder: string,
  release: Release,
  bytes: Uint8Array,
): Promise<void> {
  const path = bundlePath(folder, release)
  const draft = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(join(folder, FOLDER), { recursive: true })
    await writeFile(draft, bytes, { flag: 'wx' })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw new CliError(`cannot write ${path}`, 'see who may write to this folder', error)
  }
}

/** A bundle of something else. */
class WrongBundleError extends Error {}

async function outlineIn(bytes: Uint8Array, { name, version }: Release): Promise<BundleOutline> {
  const { outline } = await readBundle(bytes, new Findings())
  if (outline.name === name && outline.version === version) return outline
  throw new WrongBundleError(`it is that of ${String(outline.name)} ${String(outline.version)}`)
}

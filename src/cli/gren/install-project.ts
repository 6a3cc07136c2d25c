import { join, resolve } from 'node:path'
import { CliError } from '#cli/failure.ts'
import { parseVersion } from '#ecosystems/gren/version.ts'
import { findBundle, openBundle, type Release, writeBundle } from './bundles.ts'
import type { GrenClient } from './client.ts'
import { downloadBundle, type LogTrust } from './download-bundle.ts'
import { checkFit } from './fit.ts'
import { type Needs, onlyVersion, readNeeds } from './needs.ts'
import { type GrenProject, getProject, OUTLINE_FILE } from './project.ts'
import { type Chosen, type Requirement, solve } from './solve.ts'

/** A package that a project needs. */
export interface InstalledPackage extends Release {
  readonly from: 'registry' | 'here'
}

/** How to install. */
interface Installing extends LogTrust {
  /** Bundles that are there already do not count. */
  readonly isFresh: boolean
}

interface LocalPackage extends Chosen {
  readonly folder: string
}

/**
 * Puts the bundle of every package that a project needs where the client looks for it. Nothing is
 * written before all of them are here and right.
 */
export async function installProject(
  client: GrenClient,
  project: GrenProject,
  installing: Installing,
): Promise<InstalledPackage[]> {
  const { folder, outline, isPackage } = project
  const needs = readNeeds(outline, join(folder, OUTLINE_FILE))
  const locals = await readLocals(folder, needs)
  const roots = rootsOf(project, needs, locals)
  const listed = new Set(roots.map(({ name }) => name))
  const installed: InstalledPackage[] = []
  const downloads: Array<readonly [Release, Uint8Array]> = []
  const load = async ({ name, by }: Requirement, version: string): Promise<Chosen> => {
    const local = locals.get(name)
    if (local) return local
    if (!isPackage && !listed.has(name)) throw unlisted({ name, version }, by)
    const release = { name, version }
    const place = `${name} ${version}`
    const here = installing.isFresh ? undefined : await findBundle(folder, release)
    installed.push({ ...release, from: here ? 'here' : 'registry' })
    if (here) return { version, needs: readNeeds(here, place) }
    const bytes = await downloadBundle(client, { ...release, by }, installing)
    downloads.push([release, bytes])
    return { version, needs: readNeeds(await openBundle(client.url, bytes, release), place) }
  }
  const chosen = await solve(roots, load)
  checkFit(needs, chosen)
  for (const [release, bytes] of downloads) await writeBundle(folder, release, bytes)
  return installed.sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** Packages of this disk, which are built from their sources. */
async function readLocals(
  folder: string,
  needs: Needs,
): Promise<ReadonlyMap<string, LocalPackage>> {
  const locals = new Map<string, LocalPackage>()
  for (const needed of needs.dependencies) {
    if (!('local' in needed)) continue
    const at = resolve(folder, needed.local)
    const { outline } = await getProject(at)
    const place = join(at, OUTLINE_FILE)
    if (outline.type !== 'package' || outline.name !== needed.name) {
      throw new CliError(`${place} is not that of the package ${needed.name}`, 'correct the path')
    }
    const version = String(outline.version)
    locals.set(needed.name, { folder: at, version, needs: readNeeds(outline, place) })
  }
  for (const [name, local] of locals) checkLocals(name, local, locals)
  return locals
}

/** The client allows a local package no other local packages than the project itself has. */
function checkLocals(
  name: string,
  { folder, needs }: LocalPackage,
  locals: ReadonlyMap<string, LocalPackage>,
): void {
  for (const needed of needs.dependencies) {
    if (!('local' in needed)) continue
    if (locals.get(needed.name)?.folder === resolve(folder, needed.local)) continue
    const message = `${name} needs ${needed.name} of this disk, which the project has not, or elsewhere`
    throw new CliError(message, `add it to ${OUTLINE_FILE} with the same local: path`)
  }
}

function rootsOf(
  { folder }: GrenProject,
  { dependencies }: Needs,
  locals: ReadonlyMap<string, LocalPackage>,
): Requirement[] {
  const by = join(folder, OUTLINE_FILE)
  return dependencies.map((needed) => {
    if ('range' in needed) return { ...needed, by }
    const version = parseVersion(locals.get(needed.name)?.version ?? '')
    if (version) return { name: needed.name, range: onlyVersion(version), by }
    throw new CliError(`${needed.local}: its version is no version`, 'correct its gren.json')
  })
}

function unlisted({ name, version }: Release, by: string): CliError {
  const message = `${OUTLINE_FILE} lists neither directly nor indirectly what ${by} needs: ${name} ${version}`
  const hint = `nothing was written; add "${name}": "${version}" to dependencies.indirect`
  return new CliError(message, hint)
}

import type {
  IndexedPackage,
  IndexedRelease,
  IndexFacts,
  IndexFile,
  IndexRules,
} from '#core/ecosystem.ts'
import type { Requirement } from './manifest.ts'
import { spelledName } from './name.ts'

/** The index of elba: `index.toml`, and a file for each package at its normalised name. */
export const indexRules: IndexRules = {
  format: 1,
  rootFiles: (facts) => [configFile(facts)],
  packageFile,
}

/** How to read the index, and where packages are published. Every reader asks for all of it. */
function configFile({ publicUrl }: IndexFacts): IndexFile {
  // A slash behind, or clients would join their paths to what is before `elba`. `secure` is kept
  // free by elba, for signed indices.
  const text = `[index]
secure = false
registry = ${tomlText(`${publicUrl}/elba/`)}

[index.dependencies]
`
  return { path: 'index.toml', text }
}

/**
 * The file of one package: a line of JSON per release, in the order of publishing. Its path is the
 * normalised name, which is where clients look whatever is spelled how; a blank line would make the
 * whole package unreadable to them.
 */
function packageFile(of: IndexedPackage, facts: IndexFacts): IndexFile {
  const { path } = of
  const { group, package: packageName } = spelledName(of)
  const lines = of.releases
    .filter(({ isRemoved }) => !isRemoved)
    .map((release) => {
      // In this order of keys, as upstream writes it.
      const line = {
        name: `${group}/${packageName}`,
        version: release.version,
        dependencies: dependenciesOf(release),
        yanked: release.isYanked,
        location: locationOf(path, release, facts),
      }
      return `${JSON.stringify(line)}\n`
    })
  return { path, text: lines.join('') }
}

/** Where the archive is, with its checksum: what clients of every version understand. */
function locationOf(
  path: string,
  { version, digest }: IndexedRelease,
  { publicUrl }: IndexFacts,
): string {
  const checksum = digest.replace('sha256:', 'sha256=')
  return `tar+${publicUrl}/elba/api/v1/packages/${path}/${version}/download#${checksum}`
}

/** All of this index: others cannot be published. */
function dependenciesOf({ metadata }: IndexedRelease) {
  const stored = (metadata.dependencies ?? []) as readonly Requirement[]
  return stored.map(({ name, req }) => ({ name, index: null, req }))
}

/** A basic string of TOML; JSON's escapes are a part of TOML's. */
function tomlText(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f')
}

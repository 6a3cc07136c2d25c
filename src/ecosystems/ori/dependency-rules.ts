import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { findPinned, type Pin, type PinnedRelease, pinKey } from '#core/releases/find-pinned.ts'
import type { Dependency } from './dependencies.ts'
import { Findings } from './findings.ts'
import type { InspectedPackage } from './inspect.ts'
import { LOCK_FILE } from './lock.ts'
import { MANIFEST_FILE, type Manifest } from './manifest.ts'
import { parseName } from './name.ts'

/** Whose dependencies these are, for whom. */
interface Checking {
  readonly app: App
  readonly actor: Actor
  readonly manifest: Manifest
  readonly findings: Findings
}

type Known = Map<string, PinnedRelease>

/** A graph this large is a mistake, or made to keep us busy. */
const MAX_GRAPH_RELEASES = 2_000

/**
 * Checks a package's dependencies against what the registry has: each pinned version is there, has
 * the features that are asked of it and the checksum that the lock says, and none leads back here.
 */
export async function checkDependencies(
  app: App,
  actor: Actor,
  { manifest, lock }: InspectedPackage,
): Promise<Findings[]> {
  const findings = new Findings(MANIFEST_FILE)
  const locked = new Findings(LOCK_FILE)
  const checking = { app, actor, manifest, findings }
  const own = manifest.dependencies.filter((one) => !isElsewhere(checking, one.name))
  for (const { name } of manifest.dependencies) {
    if (isElsewhere(checking, name)) {
      findings.warn(`${name} is in another registry and was not checked`)
    }
  }
  const pins = [...own, ...lock].map(toPin)
  const known = await find(checking, pins)
  for (const dependency of own) checkDependency(dependency, known, findings)
  for (const { checksum, ...entry } of lock) {
    if (isElsewhere(checking, entry.name)) continue
    const pin = toPin(entry)
    const release = known.get(pinKey(pin))
    if (!release) locked.refuse('lock_unknown', `${pinKey(pin)} is not in this registry`)
    else if (release.digest !== checksum) {
      locked.refuse('lock_mismatch', `${pinKey(pin)} is ${release.digest} in this registry`)
    }
  }
  if (findings.problems.length === 0) await walkGraph(checking, own, known)
  return [findings, locked]
}

function checkDependency(dependency: Dependency, known: Known, findings: Findings): void {
  const pin = toPin(dependency)
  const release = known.get(pinKey(pin))
  if (!release) {
    findings.refuse('dependency_unknown', `${pinKey(pin)} is not in this registry`)
    return
  }
  if (release.isRemoved) {
    findings.refuse('dependency_removed', `${pinKey(pin)} was removed from the registry`)
    return
  }
  if (release.isYanked) findings.warn(`${pinKey(pin)} is yanked`)
  const features = Object.keys((release.metadata.features ?? {}) as object)
  for (const feature of dependency.features) {
    if (features.includes(feature)) continue
    findings.refuse('feature_unknown', `${pinKey(pin)} has no feature ${JSON.stringify(feature)}`)
  }
}

/** A release that installing would bring, and what brought it. */
interface Step {
  readonly pin: Pin
  readonly trail: string
}

/** Follows what installing would bring, level by level. */
async function walkGraph(
  checking: Checking,
  own: readonly Dependency[],
  known: Known,
): Promise<void> {
  const { manifest, findings } = checking
  const versions = new Map<string, string>()
  let level = stepsTo(own, manifest.name)
  for (let count = 0; level.length > 0; ) {
    count += level.length
    if (count > MAX_GRAPH_RELEASES) {
      findings.refuse('dependency_graph', `it needs more than ${MAX_GRAPH_RELEASES} releases`)
      return
    }
    const fresh = level.filter((step) => isFresh(checking, step, versions))
    if (findings.problems.length > 0) return
    const next = fresh.flatMap(({ pin, trail }) =>
      stepsTo(dependenciesOf(known.get(pinKey(pin))), `${trail} → ${pinKey(pin)}`),
    )
    const missing = next.map(({ pin }) => pin).filter((pin) => !known.has(pinKey(pin)))
    for (const [key, release] of await find(checking, missing)) known.set(key, release)
    level = next
  }
}

/** Whether to go on from here; nothing may need any version of the package itself. */
function isFresh(
  { manifest, findings }: Checking,
  { pin, trail }: Step,
  versions: Map<string, string>,
): boolean {
  if (pin.path === manifest.name) {
    findings.refuse('dependency_cycle', `it needs itself: ${trail} → ${pinKey(pin)}`)
    return false
  }
  const before = versions.get(pin.path)
  if (before !== undefined && before !== pin.version) {
    findings.warn(`it needs both ${pin.path}:${before} and ${pinKey(pin)}: see E0901`)
  }
  if (before === undefined) versions.set(pin.path, pin.version)
  return before === undefined
}

/** Dev-dependencies are for the author of that package alone. */
function stepsTo(dependencies: readonly Dependency[], trail: string): Step[] {
  const installed = dependencies.filter(({ kind }) => kind !== 'dev')
  return installed.map((one) => ({ pin: toPin(one), trail }))
}

async function find({ app, actor }: Checking, pins: readonly Pin[]): Promise<Known> {
  const distinct = new Map(pins.map((pin) => [pinKey(pin), pin]))
  return await findPinned(app, actor, 'ori', [...distinct.values()])
}

function dependenciesOf(release: PinnedRelease | undefined): readonly Dependency[] {
  return (release?.metadata.dependencies ?? []) as readonly Dependency[]
}

function toPin({ name, version }: { name: string; version: string }): Pin {
  return { path: name, version }
}

/** Whether the manifest says that the packages of this scope are in another registry. */
function isElsewhere({ app, manifest }: Checking, name: string): boolean {
  const url = manifest.registries[parseName(name).namespace]
  return url !== undefined && new URL(url).origin !== new URL(app.settings.publicUrl).origin
}

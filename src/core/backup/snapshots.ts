import { RegistryError } from '#core/errors.ts'
import { type Manifest, readManifest } from './manifest.ts'
import type { BackupTarget } from './target.ts'

/** A complete backup, or one whose manifest cannot be read. */
export interface ListedBackup {
  readonly snapshot: string
  /** Missing when it is damaged. */
  readonly manifest?: Manifest
  /** What is wrong with the manifest. */
  readonly problem?: string
}

/** All backups of a place. */
export interface ListedBackups {
  /** The oldest first. */
  readonly backups: readonly ListedBackup[]
  /** Begun and never finished: the next backup removes them. */
  readonly unfinished: readonly string[]
}

/** Lists what a place has. */
export async function listBackups(target: BackupTarget): Promise<ListedBackups> {
  const backups: ListedBackup[] = []
  const unfinished: string[] = []
  for (const snapshot of await target.listSnapshots()) {
    try {
      const manifest = await readManifest(target, snapshot)
      if (manifest) backups.push({ snapshot, manifest })
      else unfinished.push(snapshot)
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      backups.push({ snapshot, problem: error.message })
    }
  }
  return { backups, unfinished }
}

/** The backup of that name, or the newest one; throws what is wrong when there is none to use. */
export async function getBackup(
  target: BackupTarget,
  name: string | undefined,
): Promise<{ readonly snapshot: string; readonly manifest: Manifest }> {
  const { backups, unfinished } = await listBackups(target)
  const found = name === undefined ? backups.at(-1) : backups.find((one) => one.snapshot === name)
  if (!found) throw new RegistryError('not_found', whyNone(target, name, unfinished))
  const { snapshot, manifest, problem } = found
  if (manifest) return { snapshot, manifest }
  throw new RegistryError('unprocessable', `the backup cannot be used: ${problem}`)
}

/** Takes away what an interrupted backup left, except blobs. */
export async function removeUnfinished(target: BackupTarget): Promise<void> {
  const { unfinished } = await listBackups(target)
  for (const snapshot of unfinished) await target.deleteSnapshot(snapshot)
}

/** Named after its time, and after the newest one there is. */
export async function newSnapshotName(target: BackupTarget, at: Date): Promise<string> {
  const taken = new Set(await target.listSnapshots())
  const name = `${at.toISOString().slice(0, 19).replaceAll(':', '')}Z`
  for (let count = 2; ; count++) {
    const numbered = taken.has(name) ? `${name}-${count}` : name
    if (!taken.has(numbered)) return numbered
  }
}

function whyNone(
  target: BackupTarget,
  name: string | undefined,
  unfinished: readonly string[],
): string {
  if (name === undefined) return `there is no complete backup in ${target.place}`
  if (unfinished.includes(name)) return `the backup ${name} was never finished`
  return `there is no backup ${name} in ${target.place}`
}

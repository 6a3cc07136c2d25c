import { Findings } from './findings.ts'
import { parseLooseToml } from './loose-toml.ts'
import { readName } from './name.ts'
import { isVersion } from './version.ts'

/** Where a package keeps the checksums of what it was built with. */
export const LOCK_FILE = 'oripk.lock'

/** One line of the lock. */
export interface LockEntry {
  readonly name: string
  readonly version: string
  readonly checksum: string
}

const MAX_ENTRIES = 10_000

/** Reads a lock: `[checksums]` with `"@scope/name:1.0.0" = "sha256:…"`. */
export function readLock(text: string): { entries: LockEntry[]; findings: Findings } {
  const findings = new Findings(LOCK_FILE)
  const raw = parseLooseToml(text, findings)
  findings.unknown('', raw, ['checksums'])
  const lines = Object.entries(findings.table('checksums', raw.checksums))
  if (lines.length > MAX_ENTRIES) {
    findings.refuse('too_long', `there are more than ${MAX_ENTRIES} checksums`)
    return { entries: [], findings }
  }
  const entries = lines.flatMap(([key, checksum]) => {
    const shown = JSON.stringify(key.slice(0, 150))
    const colon = key.lastIndexOf(':')
    const [name, version] = [key.slice(0, Math.max(colon, 0)), key.slice(colon + 1)]
    if (!name.startsWith('@') || !readName(name) || !isVersion(version)) {
      findings.refuse('lock_key', `${shown} is not @scope/name:version`)
    } else if (typeof checksum !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(checksum)) {
      findings.refuse('lock_checksum', `${shown} needs sha256: and 64 hexadecimal digits`)
    } else return [{ name, version, checksum }]
    return []
  })
  return { entries, findings }
}

/** Writes a lock; the same entries give the same bytes. */
export function formatLock(entries: readonly LockEntry[]): string {
  const lines = entries.map((one) => `"${one.name}:${one.version}" = "${one.checksum}"\n`)
  return `[checksums]\n${lines.sort().join('')}`
}

import { rename, writeFile } from 'node:fs/promises'
import type { LogMemory } from '#core/log/log-memory.ts'
import { readTextIfThere } from './fs-data-dir.ts'

/** The newest checkpoint of the log in a file. Not synced: after a power cut it may be an older one. */
export function fsLogMemory(path: string): LogMemory {
  return {
    place: path,
    read: () => readTextIfThere(path),
    async write(checkpoint) {
      const draft = `${path}.${process.pid}`
      await writeFile(draft, checkpoint, { mode: 0o600 })
      await rename(draft, path)
    },
  }
}

import { closeSync, fsync, openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { hasCode } from './fs-files.ts'

const syncFile = promisify(fsync)

/** The directories under one root: made on first use and remembered, made durable on request. */
export class Directories {
  readonly #root: string
  readonly #made = new Set<string>()
  readonly #making = new Map<string, Promise<void>>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #queued = new Map<string, Promise<void>>()

  constructor(root: string) {
    this.#root = root
  }

  /** Makes a directory, parents first; when this resolves its name survives a power cut. */
  async make(path: string): Promise<void> {
    if (this.#made.has(path)) return
    const making = this.#making.get(path) ?? this.#make(path)
    this.#making.set(path, making)
    try {
      await making
      this.#made.add(path)
    } finally {
      this.#making.delete(path)
    }
  }

  /** Stops trusting that a directory is there. */
  forget(path: string): void {
    this.#made.delete(path)
  }

  /** Makes the names in a directory durable. Calls that wait for the same directory share one fsync. */
  sync(path: string): Promise<void> {
    const queued = this.#queued.get(path)
    if (queued !== undefined) return queued
    const running = this.#running.get(path)
    if (running === undefined) return this.#startSync(path)
    // The running fsync may have begun before our rename: only the next one is sure to cover it.
    const next = running
      .catch(() => {})
      .then(() => {
        this.#queued.delete(path)
        return this.#startSync(path)
      })
    this.#queued.set(path, next)
    return next
  }

  async #make(path: string): Promise<void> {
    const parent = dirname(path)
    if (path === this.#root) {
      await mkdir(path, { recursive: true })
    } else {
      await this.make(parent)
      await mkdir(path).catch((error) => this.#makeAgain(path, error))
    }
    // Also when it was there: another process may have made it and not have come to its fsync.
    await this.sync(parent)
  }

  async #makeAgain(path: string, error: unknown): Promise<void> {
    if (hasCode(error, 'EEXIST')) return
    if (!hasCode(error, 'ENOENT')) throw error
    // Somebody deleted the parent that we remember.
    this.forget(dirname(path))
    await this.make(dirname(path))
    await mkdir(path)
  }

  #startSync(path: string): Promise<void> {
    const running = syncDirectory(path).finally(() => this.#running.delete(path))
    this.#running.set(path, running)
    return running
  }
}

async function syncDirectory(path: string): Promise<void> {
  const file = openSync(path, 'r')
  try {
    await syncFile(file)
  } finally {
    closeSync(file)
  }
}

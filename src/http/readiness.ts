import type { App } from '#core/app.ts'

/** What a process needs in order to serve. */
export type Dependency = 'database' | 'blobs'

const TIMEOUT_MS = 3000
const KEPT_MS = 1000

/**
 * Tells which dependencies fail: the database is written, the store written and read back. Asked
 * often or by many at once, it tells what it found within the last second.
 */
export function createReadiness(app: App): () => Promise<readonly Dependency[]> {
  let latest: Promise<readonly Dependency[]> | undefined
  let validUntil = 0
  return () => {
    if (latest && performance.now() < validUntil) return latest
    validUntil = Number.POSITIVE_INFINITY
    latest = findFailing(app).finally(() => {
      validUntil = performance.now() + KEPT_MS
    })
    return latest
  }
}

async function findFailing(app: App): Promise<readonly Dependency[]> {
  const checks = [
    isFailing(app, 'database', () => app.database.check()),
    isFailing(app, 'blobs', () => app.blobs.check()),
  ]
  const failing = await Promise.all(checks)
  return failing.filter((name) => name !== undefined)
}

async function isFailing(
  app: App,
  name: Dependency,
  check: () => Promise<void>,
): Promise<Dependency | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
  })
  try {
    await Promise.race([check(), late])
    return undefined
  } catch (error) {
    app.log.warn({ err: error, dependency: name }, 'not ready')
    return name
  } finally {
    clearTimeout(timer)
  }
}

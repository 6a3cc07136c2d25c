import { createHash } from 'node:crypto'
import type { App } from '#core/app.ts'
import { parseDigest } from '#core/blobs/digest.ts'
import type { Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { PAGE_ROWS, type Problem, type VerifyRun } from './problem.ts'

/** So that progress is seen: reading bytes takes long. */
const PAGE_ROWS_WITH_BYTES = 10

type Blob = Pick<Row<'blobs'>, 'digest' | 'size' | 'locator'>

/** Every blob has its bytes: as many as it says and, when asked, those of its digest. */
export async function* checkBlobs(run: VerifyRun): AsyncGenerator<number> {
  let after = ''
  for (;;) {
    const blobs = await run.app.database.db
      .selectFrom('blobs')
      .select(['digest', 'size', 'locator'])
      .where('digest', '>', after)
      .orderBy('digest')
      .limit(run.checkBytes ? PAGE_ROWS_WITH_BYTES : PAGE_ROWS)
      .execute()
    const last = blobs.at(-1)
    if (!last) return
    after = last.digest
    for (const blob of blobs) {
      const problem = await findProblem(run, blob)
      if (problem && (await isStillThere(run.app, blob))) run.report(problem)
    }
    yield blobs.length
  }
}

async function findProblem(run: VerifyRun, blob: Blob): Promise<Problem | undefined> {
  const { digest, locator } = blob
  const subject = `blob ${digest}`
  const size = await run.app.blobs.size(locator)
  if (size === undefined) {
    return { kind: 'blob_missing', subject, detail: `the store has no ${locator}` }
  }
  if (size !== blob.size) {
    return { kind: 'blob_size', subject, detail: `${size} bytes instead of ${blob.size}` }
  }
  if (!run.checkBytes) return undefined
  const found = await digestInStore(run.app, blob)
  if (found === digest) return undefined
  if (found === undefined) {
    return { kind: 'blob_missing', subject, detail: `the store has no ${locator}` }
  }
  return { kind: 'blob_digest', subject, detail: `the bytes of ${locator} have digest ${found}` }
}

async function digestInStore(app: App, { digest, locator }: Blob): Promise<string | undefined> {
  const { algorithm } = parseDigest(digest)
  const hash = createHash(algorithm)
  try {
    const opened = await app.blobs.open(locator)
    for await (const bytes of opened.stream()) hash.update(bytes)
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'blob_unknown') return undefined
    throw error
  }
  return `${algorithm}:${hash.digest('hex')}`
}

/** A blob may be collected while it is looked at: its row goes before its bytes. */
async function isStillThere(app: App, { digest, locator }: Blob): Promise<boolean> {
  const row = await app.database.db
    .selectFrom('blobs')
    .select('digest')
    .where('digest', '=', digest)
    .where('locator', '=', locator)
    .executeTakeFirst()
  return row !== undefined
}

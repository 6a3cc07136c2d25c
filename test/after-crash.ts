import assert from 'node:assert/strict'
import type { App } from '#core/app.ts'
import { collectGarbage } from '#core/blobs/collect.ts'
import { verify } from '#core/verify/verify.ts'
import { openData, type ProcessOptions } from './server-process.ts'

const DAY_MS = 86_400_000

/** Asserts that a registry's data agree, to the last byte. */
export async function checkVerifies(data: ProcessOptions): Promise<void> {
  const { app, close } = await openData(data)
  try {
    await verifyClean(app)
  } finally {
    await close()
  }
}

/** Asserts that two days later everything that crashes left behind goes, and nothing else. */
export async function collectAndCheck(data: ProcessOptions): Promise<void> {
  const opened = await openData(data)
  const app = { ...opened.app, clock: () => new Date(Date.now() + 2 * DAY_MS) }
  try {
    const collected = await collectGarbage(app, { dryRun: false })
    assert.ok(collected.isComplete)
    process.stderr.write(`collected: ${JSON.stringify(collected)}\n`)
    await verifyClean(app)
    const blobs = await app.database.db.selectFrom('blobs').select('locator').execute()
    const files = await Array.fromAsync(app.blobs.listLocators(app.clock()))
    assert.deepEqual(files.sort(), blobs.map((row) => row.locator).sort())
    assert.deepEqual(await Array.fromAsync(app.blobs.listParts(app.clock())), [])
    const uploads = await app.database.db.selectFrom('uploads').selectAll().execute()
    assert.deepEqual(uploads, [])
  } finally {
    await opened.close()
  }
}

async function verifyClean(app: App): Promise<void> {
  const problems: unknown[] = []
  await verify(app, { checkBytes: true, onProblem: (problem) => problems.push(problem) })
  assert.deepEqual(problems, [])
}

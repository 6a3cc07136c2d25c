import assert from 'node:assert/strict'
import { type Archive, inspectArchive } from '#core/archives/inspect-archive.ts'
import { RegistryError } from '#core/errors.ts'
import { longLimits } from '#test/hostile-long-names.ts'
import { mutatedArchive } from '#test/mutated-archive.ts'

const MAX_SECONDS = 10

/**
 * Inspects the damaged archive of a seed and asserts that it is taken or refused, in time, and with
 * the same verdict however its bytes are cut.
 */
export async function inspectMutated(seed: number): Promise<void> {
  const bytes = mutatedArchive(seed)
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), MAX_SECONDS * 1000)
  })
  try {
    const archive = await Promise.race([verdictOn(bytes, bytes.byteLength), late])
    assert.deepEqual(await Promise.race([verdictOn(bytes, 100), late]), archive)
    for (const file of archive?.files ?? []) {
      assert.equal(file.bytes?.byteLength, file.size)
      assert.doesNotMatch(file.path, /^\/|\\|(?:^|\/)\.\.?(?:\/|$)|\0/)
    }
  } finally {
    clearTimeout(timer)
  }
}

/** What is in the archive; undefined when it is refused as it should be. */
async function verdictOn(bytes: Uint8Array, chunkSize: number): Promise<Archive | undefined> {
  const source = async function* () {
    for (let at = 0; at < bytes.byteLength; at += chunkSize)
      yield bytes.subarray(at, at + chunkSize)
  }
  try {
    return await inspectArchive(source(), longLimits, () => 100_000)
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'unprocessable') throw error
    assert.equal(typeof error.details.rule, 'string')
    return undefined
  }
}

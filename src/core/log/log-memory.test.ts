import assert from 'node:assert/strict'
import type { App } from '#core/app.ts'
import { addPackage, newContent, publish, push } from '#core/blobs/collect-fixture.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestApp, type TestApp } from '#test/app.ts'
import { checkpointText, readCheckpoint } from './checkpoint.ts'
import { LogLostError, type LogMemory } from './log-memory.ts'
import { logSigners } from './log-signers.ts'
import { signNote } from './note.ts'
import { readLogState } from './read-log.ts'
import { sequence } from './sequence.ts'

describe('the memory of the log', () => {
  let world: TestApp
  let app: App
  let note: string | undefined
  const written: string[] = []
  const memory: LogMemory = {
    place: 'log.checkpoint',
    read: async () => note,
    async write(checkpoint) {
      note = checkpoint
      written.push(checkpoint)
    },
  }

  before(async () => {
    world = await openTestApp()
    app = { ...world.app, logMemory: memory }
    const web = await addPackage(app, 'acme', 'web')
    for (let count = 0; count < 3; count++) {
      const content = newContent()
      await push(app, web, content)
      await publish(app, web, [content])
      await sequence(app)
    }
  })
  after(() => world.close())

  const state = () => readLogState(app.database.db)
  /** A checkpoint that was signed by somebody with the key, of another database. */
  function forge(size: number, root: Uint8Array, signedBy = app): string {
    const origin = readCheckpoint(note ?? '').origin
    return signNote(checkpointText({ origin, size, root }), logSigners(signedBy))
  }
  async function isRefused(remembered: string, message: RegExp): Promise<void> {
    const [before, kept] = [await state(), note]
    note = remembered
    await assert.rejects(sequence(app), (error: Error) => {
      assert.ok(error instanceof LogLostError, String(error))
      assert.match(error.message, message)
      return true
    })
    assert.equal(note, remembered)
    assert.deepEqual(await state(), before)
    note = kept
  }

  test('has what was published last', async () => {
    assert.equal(note, (await state()).checkpoint)
    assert.equal(readCheckpoint(note ?? '').size, 3)
  })

  test('refuses a database that has less, or something else', async () => {
    const other = new Uint8Array(32)
    await isRefused(forge(4, other), /^4 entries .*log\.checkpoint.* the database has 3: an older/)
    await isRefused(forge(3, other), /^the first 3 entries of the log are not those/)
    await isRefused(forge(2, other), /^the first 2 entries of the log are not those/)
  })

  test('goes on from an older one, from none, and from half of one', async () => {
    const newest = note ?? ''
    const [oldest = ''] = written
    assert.equal(readCheckpoint(oldest).size, 1)
    for (const earlier of [oldest, undefined, '', newest.slice(0, 20)]) {
      note = earlier
      await sequence(app)
      assert.equal(note, newest)
    }
  })

  test('is of one log: under another name it begins anew', async () => {
    note = forge(9, new Uint8Array(32))
    const renamed = { ...app, settings: { ...app.settings, logOrigin: 'again.example.org/log' } }
    await sequence(renamed)
    assert.match(note, /^again\.example\.org\/log\n3\n/)
  })

  test('that cannot be written does not stop the log', async () => {
    const full = { ...memory, write: () => Promise.reject(new Error('disk full')) }
    assert.deepEqual(await sequence({ ...app, logMemory: full }), { added: 0, isFull: false })
  })
})

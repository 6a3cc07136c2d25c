import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { auditLog } from './audit-log.ts'
import { entryBundle } from './bundles.ts'
import { checkpointText } from './checkpoint.ts'
import { cosignerOf } from './cosignature.ts'
import { leafHash, rootHash } from './merkle.ts'
import { LogError, parseNote, signatureLines, signerOf, signNote } from './note.ts'
import { parseTilePath } from './tile-path.ts'
import { appendLeaves, nodesOf, readAmong } from './tiles.ts'

const signer = signerOf('example.org/log', new Uint8Array(32).fill(1))
const trusted = { origin: 'example.org/log', verifiers: [signer.verifier] }

/** A whole log as files. */
async function logOf(records: readonly string[]) {
  const size = records.length
  const tiles = appendLeaves(
    0,
    [],
    records.map((record) => leafHash(record)),
  )
  const root = await rootHash(nodesOf(readAmong(tiles)), size)
  const checkpoint = signNote(checkpointText({ origin: trusted.origin, size, root }), [signer])
  const asked = new Set<string>()
  return {
    checkpoint,
    asked,
    get: async (path: string): Promise<Uint8Array> => {
      asked.add(path)
      if (path === 'checkpoint') return Buffer.from(checkpoint)
      const file = parseTilePath(path.slice('tile/'.length))
      assert.ok(file, path)
      const first = file.number * 256
      if (file.kind === 'entries') return entryBundle(records.slice(first, first + file.width))
      const hashes = await readAmong(tiles)(file, file.width)
      assert.equal(hashes.length, file.width * 32)
      return hashes
    },
  }
}

const recordsTo = (size: number) => Array.from({ length: size }, (_, index) => `entry ${index}\n`)

describe('an audit from outside', () => {
  test('finds whole logs right, and the same history', async () => {
    const older = await Promise.all([0, 1, 255, 256, 300, 700].map((n) => logOf(recordsTo(n))))
    for (const size of [0, 1, 256, 257, 700]) {
      const log = await logOf(recordsTo(size))
      const { tree, note } = await auditLog({ ...trusted, get: log.get })
      assert.equal(tree.size, size)
      assert.equal(note, log.checkpoint)
      for (const { checkpoint } of older) {
        const audited = auditLog({ ...trusted, get: log.get, remembered: checkpoint })
        if (Number(checkpoint.split('\n')[1]) <= size) await audited
        else await assert.rejects(audited, /has \d+ now/)
      }
    }
    const { asked, get } = await logOf(recordsTo(700))
    await auditLog({ ...trusted, get })
    for (const path of ['0/000', '0/001', '0/002.p/188', '1/000.p/2', 'entries/002.p/188']) {
      assert.ok(asked.has(`tile/${path}`), path)
    }
  })

  test('finds every changed tile, entry and history', async () => {
    const log = await logOf(recordsTo(700))
    for (const path of ['0/001', '0/002.p/188', '1/000.p/2', 'entries/001', 'entries/002.p/188']) {
      const get = async (asked: string) => {
        const bytes = new Uint8Array(await log.get(asked))
        if (asked === `tile/${path}`) bytes[40] = (bytes[40] ?? 0) ^ 1
        return bytes
      }
      await assert.rejects(auditLog({ ...trusted, get }), LogError, path)
    }
    const other = recordsTo(700).map((record, index) => (index === 299 ? 'other\n' : record))
    const forked = await logOf(other)
    await auditLog({ ...trusted, get: forked.get })
    const remembered = (await logOf(recordsTo(300))).checkpoint
    await assert.rejects(auditLog({ ...trusted, get: forked.get, remembered }), /was changed/)
    const witness = cosignerOf('witness.org', new Uint8Array(32).fill(4), () => new Date())
    const witnessed = `${remembered}${signatureLines(parseNote(remembered).text, [witness])}`
    for (const [whole, isRight] of [
      [log, true],
      [forked, false],
    ] as const) {
      const get = (path: string) =>
        path.startsWith('checkpoint/cosigned?by=witness.org')
          ? Promise.resolve(Buffer.from(witnessed))
          : whole.get(path)
      const audited = auditLog({ ...trusted, get, witnesses: [witness.verifier] })
      if (isRight) assert.deepEqual((await audited).cosigned, [300])
      else await assert.rejects(audited, /not the one that witness\.org cosigned/)
    }
    const stranger = {
      origin: 'example.org/log',
      verifiers: [signerOf('x', new Uint8Array(32)).verifier],
    }
    await assert.rejects(auditLog({ ...stranger, get: log.get }), LogError)
  })
})

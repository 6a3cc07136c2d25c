import assert from 'node:assert/strict'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestApp, type TestApp } from '#test/app.ts'
import { checkpointText } from './checkpoint.ts'
import { witnessSigners } from './log-signers.ts'
import { consistencyProof, type Hash, leafHash, rootHash } from './merkle.ts'
import { openNote, signerOf, signNote } from './note.ts'
import { appendLeaves, nodesOf, readAmong } from './tiles.ts'
import { addCheckpoint } from './witness.ts'
import { formatWitnessRequest } from './witness-request.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** A log of somebody else; `word` makes its entries. */
function logOf(origin: string, word: string) {
  const signer = signerOf(origin, new Uint8Array(32).fill(5))
  const leaves = numbers(40).map((at) => leafHash(`${at < 3 ? 'entry' : word} ${at}\n`))
  const read = (size: number) => nodesOf(readAmong(appendLeaves(0, [], leaves.slice(0, size))))
  return {
    signer,
    async note(size: number, signers = [signer]): Promise<string> {
      const root = await rootHash(read(size), size)
      return signNote(checkpointText({ origin, size, root }), signers)
    },
    proof: (from: number, to: number): Promise<Hash[]> => consistencyProof(read(to), from, to),
    async request(oldSize: number, size: number): Promise<string> {
      const proof = await this.proof(oldSize, size)
      return formatWitnessRequest({ oldSize, proof, note: await this.note(size) })
    },
  }
}

describe('as a witness', () => {
  let world: TestApp
  let app: App
  let twin: App
  const first = logOf('first.org/log', 'entry')
  const forked = logOf('first.org/log', 'other')
  const raced = numbers(4).map((at) => {
    const origin = `raced${at}.org/log`
    return [logOf(origin, 'entry'), logOf(origin, 'other')] as const
  })

  before(async () => {
    const witnessedLogs = [first, ...raced.map(([right]) => right)].map(
      ({ signer: { verifier } }) => ({
        origin: verifier.name,
        verifier,
      }),
    )
    world = await openTestApp({ witnessedLogs })
    app = world.app
    twin = await world.openTwin()
  })
  after(() => world.close())

  async function cosign(body: string, on = app): Promise<string> {
    const witnessed = await addCheckpoint(on, body)
    assert.ok(witnessed.isCosigned)
    return witnessed.lines
  }
  const refused = (body: string, code: string) =>
    assert.rejects(addCheckpoint(app, body), (error) => {
      assert.ok(error instanceof RegistryError)
      assert.equal(error.code, code)
      return true
    })

  test('cosigns a log that grows, from nothing on, and again what it has', async () => {
    const verifiers = witnessSigners(app).map(({ verifier }) => verifier)
    for (const [from, to] of [
      [0, 0],
      [0, 3],
      [3, 3],
      [3, 7],
      [7, 40],
      [40, 40],
    ] as const) {
      const lines = await cosign(await first.request(from, to), to % 2 === 0 ? app : twin)
      const note = await first.note(to)
      assert.equal(openNote(`${note}${lines}`, verifiers), note.slice(0, note.indexOf('\n\n') + 1))
    }
  })

  test('says what it has when the log thinks otherwise', async () => {
    for (const from of [0, 7]) {
      const witnessed = await addCheckpoint(app, await first.request(from, 40))
      assert.deepEqual(witnessed, { isCosigned: false, size: 40 })
    }
  })

  test('never signs a fork, an unknown log, an unsigned checkpoint, a smaller tree', async () => {
    await refused(await forked.request(40, 40), 'unprocessable')
    const small = logOf('first.org/log', 'entry')
    await refused(
      formatWitnessRequest({ oldSize: 40, proof: [], note: await small.note(7) }),
      'invalid_request',
    )
    await refused(await logOf('second.org/log', 'entry').request(0, 3), 'not_found')
    const stranger = signerOf('first.org/log', new Uint8Array(32).fill(6))
    const note = await first.note(40, [stranger])
    await refused(formatWitnessRequest({ oldSize: 40, proof: [], note }), 'forbidden')
    const [bad = ''] = (await first.note(7)).split('\n\n').slice(1)
    const text = (await first.note(40)).split('\n\n')[0]
    await refused(
      formatWitnessRequest({ oldSize: 40, proof: [], note: `${text}\n\n${bad}` }),
      'forbidden',
    )
    await refused('old x', 'invalid_request')
    const keyless = { ...app, logSeeds: [] }
    await assert.rejects(addCheckpoint(keyless, await first.request(40, 40)), /no key/)
  })

  test('two processes asked at once sign one history', async () => {
    for (const [right, wrong] of raced) {
      // From nothing on, and then with a row that is there.
      for (const old of [0, 3]) {
        const requests = await Promise.all(
          numbers(16).map((at) => (at % 4 < 2 ? right : wrong).request(old, old + 3)),
        )
        const answers = await Promise.allSettled(
          requests.map((body, at) => addCheckpoint(at % 2 === 0 ? app : twin, body)),
        )
        let cosigned = 0
        for (const answer of answers) {
          if (answer.status === 'rejected') assert.ok(answer.reason instanceof RegistryError)
          else if (answer.value.isCosigned) cosigned++
        }
        assert.equal(cosigned, 1)
      }
    }
  })
})

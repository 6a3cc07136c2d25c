import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { addPackage, publish } from '#core/blobs/collect-fixture.ts'
import { change, changed } from '#core/db/change.ts'
import { startWorker, type Worker } from '#core/jobs/worker.ts'
import { askWitnesses, cosignLogJob } from '#core/log/ask-witnesses.ts'
import { auditLog } from '#core/log/audit-log.ts'
import { checkpointText, openCheckpoint } from '#core/log/checkpoint.ts'
import { cosignerOf, parseWitnessKey } from '#core/log/cosignature.ts'
import { logSigners } from '#core/log/log-signers.ts'
import {
  generateSeed,
  LogError,
  openNote,
  parseNote,
  parseVerifier,
  signerOf,
  signNote,
  type Verifier,
} from '#core/log/note.ts'
import { parseProofFile } from '#core/log/proof-file.ts'
import { requireQuorum } from '#core/log/quorum.ts'
import { LOG_TOPIC } from '#core/log/read-log.ts'
import { type Sequencer, startSequencer } from '#core/log/sequencer.ts'
import { verifyRelease } from '#core/log/verify-release.ts'
import { formatWitnessRequest } from '#core/log/witness-request.ts'
import type { LogWitness, WitnessedLog } from '#core/log/witnesses.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ServedRegistry, serveTestApp } from '#test/served.ts'

/** A registry with its background work, whose witnesses are named later. */
interface Peer {
  readonly registry: ServedRegistry
  readonly sequencer: Sequencer
  readonly worker: Worker
  readonly logWitnesses: LogWitness[]
  readonly witnessedLogs: WitnessedLog[]
  readonly origin: string
}

async function startPeer(): Promise<Peer> {
  const logWitnesses: LogWitness[] = []
  const witnessedLogs: WitnessedLog[] = []
  const registry = await serveTestApp({ logWitnesses, witnessedLogs })
  const worker = startWorker(registry.app, [cosignLogJob], [], { pollMs: 50 })
  const sequencer = startSequencer(registry.app, { pollMs: 50, pauseMs: 5 })
  await sequencer.idle()
  const origin = `${new URL(registry.url).host}/log`
  return { registry, sequencer, worker, logWitnesses, witnessedLogs, origin }
}

interface About {
  readonly size: number
  readonly verifierKeys: string[]
  readonly witness: { readonly url: string; readonly verifierKeys: string[] }
}

async function keysOf({ registry }: Peer) {
  const about = (await (await fetch(`${registry.url}/log/`)).json()) as About
  const [log = ''] = about.verifierKeys
  const [witness = ''] = about.witness.verifierKeys
  return { url: about.witness.url, log: parseVerifier(log), witness: parseWitnessKey(witness) }
}

/** A witness that nobody reaches. */
const { verifier: absent } = cosignerOf('absent.org', new Uint8Array(32), () => new Date())

describe('two registries that witness each other', () => {
  let ann: Peer
  let bob: Peer
  before(async () => {
    ann = await startPeer()
    ann.logWitnesses.push({ url: 'http://127.0.0.1:1', verifier: absent })
    bob = await startPeer()
    for (const [peer, other] of [
      [ann, bob],
      [bob, ann],
    ] as const) {
      const { url, log, witness } = await keysOf(other)
      peer.logWitnesses.push({ url, verifier: witness })
      peer.witnessedLogs.push({ origin: other.origin, verifier: log })
    }
  })
  after(async () => {
    for (const { sequencer, worker, registry } of [ann, bob]) {
      await sequencer.stop()
      await worker.stop()
      await registry.stop()
    }
  })

  const getBytes = async ({ registry }: Peer, path: string) => {
    const response = await fetch(`${registry.url}/log/${path}`)
    assert.equal(response.status, 200, path)
    return Buffer.from(await response.arrayBuffer())
  }
  const get = async (peer: Peer, path: string) => (await getBytes(peer, path)).toString()
  const ask = ({ registry }: Peer, body: string) =>
    fetch(`${registry.url}/log/witness/add-checkpoint`, { method: 'POST', body })

  /** Waits for a checkpoint of so many entries that the other one cosigned. */
  async function untilCosigned(peer: Peer, size: number, by: Verifier): Promise<string> {
    for (const giveUpAt = Date.now() + 8_000; ; ) {
      const note = await get(peer, 'checkpoint')
      if (note.split('\n')[1] === String(size) && note.includes(`— ${by.name} `)) return note
      assert.ok(Date.now() < giveUpAt, `not cosigned:\n${note}`)
      await sleep(50)
    }
  }

  async function publishSome({ registry: { app }, sequencer }: Peer, name: string, count: number) {
    for (let at = 0; at < count; at++) {
      await publish(app, await addPackage(app, `${name}-${at}`, 'app'), [])
    }
    await sequencer.idle()
  }

  test('each checkpoint carries the other’s cosignature soon', async () => {
    for (const [round, size] of [3, 5].entries()) {
      for (const [peer, other] of [
        [ann, bob],
        [bob, ann],
      ] as const) {
        const keys = await keysOf(peer)
        const { witness } = await keysOf(other)
        await publishSome(peer, `space${round}`, size - (round === 0 ? 0 : 3))
        const note = await untilCosigned(peer, size, witness)
        assert.equal(openCheckpoint(note, peer.origin, [keys.log]).size, size)
        openNote(note, [keys.log, witness])
        const key = createHash('sha256').update(peer.origin).digest('hex')
        assert.equal(await get(other, `witness/${key}/checkpoint`), note)
        assert.equal(await get(peer, 'checkpoint/cosigned'), note)
        assert.equal(await get(peer, `checkpoint/cosigned?by=${witness.name}`), note)
      }
    }
  })

  test('a log that forgot what its witness has learns it and goes on', async () => {
    const { app } = ann.registry
    await change(app, async (tx) => {
      await tx.deleteFrom('logCosignatures').execute()
      changed(tx, LOG_TOPIC)
      await askWitnesses(app, tx)
    })
    const { witness } = await keysOf(bob)
    await untilCosigned(ann, 5, witness)
    const jobs = await app.database.db.selectFrom('jobs').selectAll().execute()
    const failed = jobs.filter(({ lastError }) => lastError !== null)
    // One who does not answer is asked again, and kept nobody waiting.
    assert.deepEqual(
      failed.map(({ key, state }) => ({ key, state })),
      [{ key: absent.text, state: 'waiting' }],
    )
  })

  test('an audit asks for the cosignature, also of an older checkpoint', async () => {
    const origin = ann.origin
    const { log } = await keysOf(ann)
    const { witness } = await keysOf(bob)
    const download = (path: string) => getBytes(ann, path)
    const trusted = { origin, verifiers: [log], get: download }
    assert.deepEqual((await auditLog({ ...trusted, witnesses: [witness] })).cosigned, [5])
    const { witness: nobody } = await keysOf(ann)
    await assert.rejects(auditLog({ ...trusted, witnesses: [nobody] }), LogError)
    // Nobody asks while the worker is away.
    await ann.worker.stop()
    await publishSome(ann, 'alone', 2)
    const { tree, cosigned } = await auditLog({ ...trusted, witnesses: [witness] })
    assert.deepEqual({ size: tree.size, cosigned }, { size: 7, cosigned: [5] })
    const both = [witness, nobody]
    const enough = await auditLog({ ...trusted, witnesses: both, needed: 1 })
    assert.deepEqual(enough.cosigned, [5, undefined])
    await assert.rejects(
      auditLog({ ...trusted, witnesses: both }),
      /no checkpoint that .* cosigned$/,
    )
  })

  test('a proof is of the newest cosigned tree that has the entry', async () => {
    const { log } = await keysOf(ann)
    const { witness } = await keysOf(bob)
    const quorum = { witnesses: [witness], needed: 1 }
    const { db } = ann.registry.app.database
    const entries = await db.selectFrom('logEntries').selectAll().orderBy('position').execute()
    for (const { position, name, version, digest } of entries) {
      const path = `lookup/oci/${name}/${encodeURIComponent(version)}`
      const found = JSON.parse(await get(ann, path)) as { treeSize: number; checkpoint: string }
      const file = await get(ann, `${path}.tlog-proof`)
      const { checkpoint } = parseProofFile(file)
      const release = { ecosystem: 'oci', name, version, digest }
      const tree = verifyRelease(file, release, { origin: ann.origin, verifiers: [log] })
      const isCosigned = Number(position) < 5
      assert.equal(tree.size, isCosigned ? 5 : 7)
      assert.deepEqual([found.treeSize, found.checkpoint], [tree.size, checkpoint])
      if (isCosigned) assert.deepEqual(requireQuorum(checkpoint, quorum), [witness.name])
      else assert.throws(() => requireQuorum(checkpoint, quorum), /0 of the witnesses .* 1 have to/)
    }
    // A checkpoint of other keys, as after a change of keys, proves nothing to today's clients.
    const { checkpoint } = await db
      .selectFrom('logCosignatures')
      .selectAll()
      .executeTakeFirstOrThrow()
    const old = signNote(parseNote(checkpoint).text, [signerOf(ann.origin, generateSeed())])
    const save = (note: string) =>
      change(ann.registry.app, (tx) =>
        tx.updateTable('logCosignatures').set({ checkpoint: note }).execute(),
      )
    await save(old)
    const [first] = entries
    const path = `lookup/oci/${first?.name}/${encodeURIComponent(first?.version ?? '')}`
    const found = JSON.parse(await get(ann, path)) as { treeSize: number }
    assert.equal(found.treeSize, 7)
    await save(checkpoint)
  })

  test('the statuses of the protocol; a forked log is refused for ever', async () => {
    const note = (await get(ann, 'checkpoint')).split('\n').slice(0, 5).join('\n').concat('\n')
    const request = (oldSize: number, note: string) =>
      formatWitnessRequest({ oldSize, proof: [], note })
    const signers = logSigners(ann.registry.app)
    const fork = (size: number, origin = ann.origin) =>
      signNote(checkpointText({ origin, size, root: new Uint8Array(32).fill(9) }), signers)
    const stale = await ask(bob, request(2, note))
    assert.equal(stale.status, 409)
    assert.equal(stale.headers.get('content-type'), 'text/x.tlog.size')
    assert.equal(await stale.text(), '5\n')
    const statuses = {
      'old x\n\n': 400,
      [request(6, fork(5))]: 400,
      [request(5, note.replace('\n7\n', '\n8\n'))]: 403,
      [request(5, fork(7, 'nobody.org/log'))]: 404,
      [request(5, fork(5))]: 422,
      [request(5, fork(7))]: 422,
      [request(5, note)]: 422,
    }
    for (const [body, status] of Object.entries(statuses)) {
      assert.equal((await ask(bob, body)).status, status, body)
    }
    const none = createHash('sha256').update('nobody.org/log').digest('hex')
    const missing = await fetch(`${bob.registry.url}/log/witness/${none}/checkpoint`)
    assert.equal(missing.status, 404)
    assert.equal((await ask(bob, 'x'.repeat(2 * 1024 * 1024))).status, 413)
    const size = (await ask(bob, request(0, note))).text()
    assert.equal(await size, '5\n')
  })
})

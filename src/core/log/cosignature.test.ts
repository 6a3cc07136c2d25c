import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { describe, test } from '#runtime/test.ts'
import { cosignerOf, parseWitnessKey, witnessSeed } from './cosignature.ts'
import {
  LogError,
  linesOf,
  openNote,
  parseNote,
  parseVerifier,
  signatureLines,
  signerOf,
  signNote,
} from './note.ts'
import { requireQuorum } from './quorum.ts'
import { formatWitnessRequest, parseWitnessRequest } from './witness-request.ts'
import { parseLogWitness, parseWitnessedLog } from './witnesses.ts'

const TEXT = 'example.org/log\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'
const clock = () => new Date('2026-01-02T03:04:05.678Z')
const seed = new Uint8Array(32).fill(1)
const log = signerOf('example.org/log', seed)
const witness = cosignerOf('witness.example.org', witnessSeed(seed), clock)

describe('cosignatures', () => {
  test('are eight bytes of time, and Ed25519 over header, time and checkpoint', () => {
    const [signature] = parseNote(signNote(TEXT, [witness])).signatures
    assert.ok(signature)
    assert.equal(signature.keyId, witness.verifier.keyId)
    const bytes = Buffer.from(signature.signature)
    const seconds = Math.floor(clock().getTime() / 1000)
    assert.equal(bytes.readBigUInt64BE(), BigInt(seconds))
    // Checked without what made it.
    const raw = Buffer.from(witness.verifier.text.split('+').slice(2).join('+'), 'base64')
    assert.equal(raw[0], 4)
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw.subarray(1)])
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    const message = Buffer.from(`cosignature/v1\ntime ${seconds}\n${TEXT}`)
    assert.ok(verify(null, message, key, bytes.subarray(8)))
  })

  test('stand in a note beside the log’s, each checked by its key', () => {
    const note = signNote(TEXT, [log, witness])
    const known = parseWitnessKey(witness.verifier.text)
    assert.equal(openNote(note, [known]), TEXT)
    assert.equal(openNote(note, [log.verifier, known]), TEXT)
    assert.equal(`${TEXT}\n${linesOf(note, [known])}`, signNote(TEXT, [witness]))
    const bytes = Buffer.from(parseNote(note).signatures[1]?.signature ?? [])
    for (const at of [0, 7, 8, 71]) {
      const wrong = Buffer.from(bytes)
      wrong[at] = (wrong[at] ?? 0) ^ 1
      assert.equal(known.isValid(TEXT, wrong), false)
    }
    assert.ok(known.isValid(TEXT, bytes))
    assert.equal(known.isValid(TEXT, bytes.subarray(0, 5)), false)
    assert.equal(known.isValid(TEXT.replace('3', '4'), bytes), false)
    assert.throws(() => openNote(signNote(TEXT, [log]), [known]), LogError)
  })

  test('keys of logs and of witnesses are not taken for each other', () => {
    assert.throws(() => parseVerifier(witness.verifier.text), LogError)
    assert.throws(() => parseWitnessKey(log.verifier.text), LogError)
    assert.notDeepEqual(witnessSeed(seed), seed)
    const { text: key } = log.verifier
    assert.equal(parseWitnessedLog(key)?.origin, 'example.org/log')
    assert.equal(parseWitnessedLog(`other.org ${key}`)?.origin, 'other.org')
    for (const wrong of ['', 'x', witness.verifier.text, `a b ${key}`]) {
      assert.equal(parseWitnessedLog(wrong), undefined, wrong)
    }
    const { text } = witness.verifier
    assert.equal(parseLogWitness(`http://w.org/a/ ${text}`)?.url, 'http://w.org/a')
    for (const wrong of [
      '',
      text,
      `w.org ${text}`,
      `http://w.org ${key}`,
      `http://w.org ${text} x`,
    ]) {
      assert.equal(parseLogWitness(wrong), undefined, wrong)
    }
  })

  test('requests are read as they were written, and malformed ones refused', () => {
    const request = { oldSize: 2, proof: [seed, seed], note: signNote(TEXT, [log]) }
    const { checkpoint, ...read } = parseWitnessRequest(formatWitnessRequest(request))
    assert.equal(checkpoint.size, 3)
    assert.deepEqual({ ...read, proof: read.proof.map((hash) => new Uint8Array(hash)) }, request)
    const { note } = request
    const hash = Buffer.from(seed).toString('base64')
    const wrong = [
      '',
      note,
      `old 2\n${note}`,
      `old 02\n\n${note}`,
      `old -1\n\n${note}`,
      `old 2\nAAAA\n\n${note}`,
      `old 2\n${`${hash}\n`.repeat(64)}\n${note}`,
      `old 2\n\n${TEXT}`,
      'old 2\n\n',
    ]
    for (const body of wrong) assert.throws(() => parseWitnessRequest(body), LogError, body)
  })

  test('a quorum is of different witnesses, and a wrong signature spoils it', () => {
    const text = 'example.org/log\n1\nAAAA\n'
    const witnesses = [1, 2, 3].map((byte) =>
      cosignerOf(`w${byte}.org`, new Uint8Array(32).fill(byte), () => new Date(5_000)),
    )
    const [one, two, three] = witnesses
    assert.ok(one && two && three)
    const verifiers = witnesses.map(({ verifier }) => verifier)
    const quorum = (needed: number) => ({ witnesses: verifiers, needed })
    const note = signNote(text, [one, two, two])
    assert.deepEqual(requireQuorum(note, quorum(2)), ['w1.org', 'w2.org'])
    assert.deepEqual(requireQuorum(note, { witnesses: [], needed: 0 }), [])
    assert.throws(
      () => requireQuorum(note, quorum(3)),
      /2 of the witnesses .* 3 have to: not w3\.org/,
    )
    const wrong = note + signatureLines('something else\n', [three])
    assert.throws(() => requireQuorum(wrong, quorum(2)), /the signature of w3\.org is not one/)
  })
})

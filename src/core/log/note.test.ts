import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from '#runtime/test.ts'
import { checkpointText, openCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { leafHash } from './merkle.ts'
import { generateSeed, LogError, openNote, parseVerifier, signerOf, signNote } from './note.ts'
import { formatProofFile, parseProofFile } from './proof-file.ts'
import { hiddenRecordText, recordText } from './record.ts'
import { verifyRelease } from './verify-release.ts'

// From the specification, C2SP signed-note.
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const SIGNATURE =
  'Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM='
const TEXT = 'This is an example message.\n'
const NOTE = `${TEXT}\n— example.com/foo ${SIGNATURE}\n`

const signer = signerOf('example.org/log', new Uint8Array(32).fill(1))
const other = signerOf('example.net/log', new Uint8Array(32).fill(2))
const text = fc
  .string({ unit: 'grapheme' })
  .filter((raw) => !/\p{Cc}/u.test(raw))
  .map((raw) => `${raw}\n`)

describe('signed notes', () => {
  test('the specification’s example verifies', () => {
    const verifier = parseVerifier(VKEY)
    assert.equal(verifier.text, VKEY)
    assert.equal(openNote(NOTE, [verifier]), TEXT)
  })

  test('what was signed opens, and nothing else', () => {
    fc.assert(
      fc.property(text, fc.nat(), (text, at) => {
        const note = signNote(text, [other, signer])
        assert.equal(openNote(note, [signer.verifier]), text)
        assert.equal(openNote(note, [signer.verifier, other.verifier]), text)
        const index = at % Buffer.byteLength(text)
        const bytes = Buffer.from(note)
        bytes[index] = (bytes[index] ?? 0) ^ 1
        assert.throws(() => openNote(bytes.toString(), [signer.verifier]), LogError)
      }),
      { numRuns: 100 },
    )
  })

  test('unknown signatures are passed over, wrong ones of known keys are not', () => {
    const stranger = signerOf('example.org/log', generateSeed())
    assert.throws(() => openNote(signNote(TEXT, [stranger]), [signer.verifier]), LogError)
    assert.equal(openNote(signNote(TEXT, [stranger, signer]), [signer.verifier]), TEXT)
    const [, , bad = ''] = signNote('Another text.\n', [signer]).split('\n')
    const mixed = `${signNote(TEXT, [other])}${bad}\n`
    assert.equal(openNote(mixed, [other.verifier]), TEXT)
    assert.throws(() => openNote(mixed, [other.verifier, signer.verifier]), /signature/)
    assert.throws(() => openNote(NOTE, []), LogError)
  })

  test('what is malformed is refused', () => {
    const verifier = parseVerifier(VKEY)
    const cases = [
      '',
      TEXT,
      `${TEXT}\n`,
      NOTE.slice(0, -1),
      NOTE.replace('\n\n', '\n'),
      NOTE.replace('—', '-'),
      NOTE.replace('example m', 'example\tm'),
      NOTE.replace('example m', 'example\rm'),
      `${NOTE}\n`,
      `${NOTE}— example.com/foo\n`,
      `${NOTE}— a+b ${SIGNATURE}\n`,
      `${TEXT}\n${'— example.net/x AAAAAAAAAAA=\n'.repeat(101)}`,
    ]
    for (const note of cases) assert.throws(() => openNote(note, [verifier]), LogError, note)
    const keys = [
      '',
      'x',
      VKEY.replace('530d903a', '530d903b'),
      VKEY.slice(0, -4),
      `a b+${VKEY}`,
      `${VKEY}A`,
      `${VKEY}=`,
    ]
    for (const key of keys) assert.throws(() => parseVerifier(key), LogError, key)
    for (const name of ['', 'a b', 'a+b', 'a\u2003b']) {
      assert.throws(() => signerOf(name, new Uint8Array(32)), LogError)
    }
    assert.throws(() => signerOf('x', new Uint8Array(31)), LogError)
    assert.throws(() => signNote('no line feed', [signer]), LogError)
  })
})

describe('checkpoints', () => {
  const root = leafHash('root')
  const checkpoint = { origin: 'example.org/log', size: 70_000, root }

  test('are read as they were written', () => {
    const note = signNote(checkpointText(checkpoint), [signer])
    assert.deepEqual(openCheckpoint(note, 'example.org/log', [signer.verifier]), checkpoint)
    assert.throws(() => openCheckpoint(note, 'example.net/log', [signer.verifier]), /not of/)
    const base64 = Buffer.from(root).toString('base64')
    assert.equal(parseCheckpoint(`o\n0\n${base64}\nextension\n`).size, 0)
    for (const size of ['00', '01', '-1', '1.0', '', ' 1', '1e3', '99999999999999999999']) {
      assert.throws(() => parseCheckpoint(`o\n${size}\n${base64}\n`), LogError, size)
    }
    assert.throws(() => parseCheckpoint(`o\n1\n${base64}`), LogError)
    assert.throws(() => parseCheckpoint(`o\n1\n${base64.slice(4)}\n`), LogError)
    assert.throws(() => parseCheckpoint(`\n1\n${base64}\n`), LogError)
  })
})

describe('records and proof files', () => {
  const release = { ecosystem: 'ori', name: 'acme/web', version: '1.0.0', digest: 'sha256:abc' }
  const facts = { event: 'publish', ...release } as const
  const trusted = { origin: 'example.org/log', verifiers: [signer.verifier] }
  const fileOf = (record: string, extra?: Uint8Array) =>
    formatProofFile({
      extra,
      index: 0,
      proof: [],
      checkpoint: signNote(
        checkpointText({ origin: 'example.org/log', size: 1, root: leafHash(record) }),
        [signer],
      ),
    })

  test('records are one line whatever they tell', () => {
    assert.equal(recordText(facts), 'ori/acme/web 1.0.0 publish sha256:abc\n')
    const whole = { event: 'deprecate', ecosystem: 'ori', name: 'acme/web' } as const
    assert.equal(recordText(whole), 'ori/acme/web - deprecate -\n')
    assert.equal(recordText({ ...facts, version: '-' }), 'ori/acme/web %2D publish sha256:abc\n')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, version) => {
        const record = recordText({ ...facts, name, version })
        assert.match(record, /^ori\/[!-~]+ [!-~]+ publish sha256:abc\n$/)
      }),
    )
  })

  test('a proof file shows its release and no other', () => {
    const file = fileOf(recordText(facts))
    assert.equal(verifyRelease(file, release, trusted).size, 1)
    assert.equal(parseProofFile(file).extra, undefined)
    for (const change of [{ name: 'acme/wed' }, { version: '1.0.1' }, { digest: 'sha256:abd' }]) {
      assert.throws(() => verifyRelease(file, { ...release, ...change }, trusted), /does not show/)
    }
    const yanked = fileOf(recordText({ ...facts, event: 'yank' }))
    assert.throws(() => verifyRelease(yanked, release, trusted), LogError)
    const elsewhere = { ...trusted, verifiers: [other.verifier] }
    assert.throws(() => verifyRelease(file, release, elsewhere), LogError)
    assert.throws(() => verifyRelease(file.replace('index 0', 'index 1'), release, trusted))
    for (const raw of ['', 'x', file.replace('@v1', '@v2'), file.replace('index 0', 'index 00')]) {
      assert.throws(() => verifyRelease(raw, release, trusted), LogError)
    }
  })

  test('a private package’s entry opens with its salt only', () => {
    const salt = '00112233445566778899aabbccddeeff'
    const record = hiddenRecordText(salt, facts)
    assert.match(record, /^private [0-9a-f]{64}\n$/)
    const file = fileOf(record, Buffer.from(salt, 'hex'))
    assert.equal(verifyRelease(file, release, trusted).size, 1)
    assert.throws(() => verifyRelease(fileOf(record), release, trusted), LogError)
    const wrong = fileOf(record, Buffer.from(salt.replace('00', '01'), 'hex'))
    assert.throws(() => verifyRelease(wrong, release, trusted), LogError)
  })
})

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'

/** A text that is signed (C2SP signed-note), as sent. */
export interface Note {
  /** Ends in a line feed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** One signature line. */
interface NoteSignature {
  readonly name: string
  /** Eight hex digits. */
  readonly keyId: string
  readonly signature: Uint8Array
}

/** Knows signatures of one key. */
export interface Verifier {
  readonly name: string
  readonly keyId: string
  /** The verifier key as text: what clients are given. */
  readonly text: string
  isValid(text: string, signature: Uint8Array): boolean
}

/** Makes signatures of one key. */
export interface Signer {
  readonly verifier: Verifier
  sign(text: string): Uint8Array
}

/** A note, a key or a proof is not what it should be. */
export class LogError extends Error {
  override readonly name = 'LogError'
}

/** Type byte of a key: plain Ed25519. */
const ED25519 = 1
const SEED_BYTES = 32
const MAX_NOTE_CHARS = 1_000_000
const MAX_SIGNATURES = 100
const SIGNATURE_LINE = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/u
const VERIFIER_KEY = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u
// DER headers: what stands before the 32 bytes of an Ed25519 key in PKCS#8 and SPKI.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** A new private key: 32 random bytes. */
export function generateSeed(): Uint8Array {
  return randomBytes(SEED_BYTES)
}

/** Signs under a name; the seed is the private key. */
export function signerOf(name: string, seed: Uint8Array): Signer {
  const { publicKey, sign } = keyPair(seed)
  return { verifier: verifierOf(nameKey(name, ED25519, publicKey)), sign }
}

/** Reads a verifier key: `<name>+<key id>+<base64>`. */
export function parseVerifier(text: string): Verifier {
  return verifierOf(parseNamedKey(text, ED25519))
}

/** A public key under a name, of one type of signature. */
export interface NamedKey {
  readonly name: string
  readonly keyId: string
  readonly text: string
  readonly key: KeyObject
}

/** What an Ed25519 seed can do. */
export function keyPair(seed: Uint8Array) {
  if (seed.length !== SEED_BYTES) throw new LogError('an Ed25519 seed has 32 bytes')
  const der = Buffer.concat([PKCS8, seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: spki.subarray(SPKI.length),
    sign: (text: string): Uint8Array => sign(null, Buffer.from(text), key),
  }
}

/** Reads a verifier key of that type. */
export function parseNamedKey(text: string, type: number): NamedKey {
  const [, name = '', keyId, rawKey = ''] = VERIFIER_KEY.exec(text) ?? []
  const key = Buffer.from(rawKey, 'base64')
  if (key[0] !== type || key.length !== 33) throw new LogError('this is no Ed25519 verifier key')
  const named = nameKey(name, type, key.subarray(1))
  if (named.keyId !== keyId) throw new LogError('the verifier key’s id is not that of its key')
  // Base64 is read leniently: what was appended to a key would not show.
  if (named.text !== text) throw new LogError('this is no Ed25519 verifier key')
  return named
}

/** Gives a public key its name. */
export function nameKey(name: string, type: number, publicKey: Uint8Array): NamedKey {
  requireName(name)
  const typed = Buffer.concat([Uint8Array.of(type), publicKey])
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  const keyId = id.toString('hex')
  const text = `${name}+${keyId}+${typed.toString('base64')}`
  return { name, keyId, text, key: toKey(publicKey) }
}

/** Whether the key signed exactly that. */
export function isSignedWith({ key }: NamedKey, text: string, signature: Uint8Array): boolean {
  return signature.length === 64 && verify(null, Buffer.from(text), key, signature)
}

/** A note of that text, with everybody's signature. */
export function signNote(text: string, signers: readonly Signer[]): string {
  if (!isNoteText(text)) throw new LogError('this text cannot be signed')
  return `${text}\n${signatureLines(text, signers)}`
}

/** Everybody's signature lines alone. */
export function signatureLines(text: string, signers: readonly Signer[]): string {
  const signatures = signers.map(({ verifier, sign }) => ({ ...verifier, signature: sign(text) }))
  return formatSignatures(signatures)
}

/** Signatures as lines. */
function formatSignatures(signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const signed = Buffer.concat([Buffer.from(keyId, 'hex'), signature])
    return `\u2014 ${name} ${signed.toString('base64')}\n`
  })
  return lines.join('')
}

/** Of a note's signature lines those of these keys, unchecked. */
export function linesOf(raw: string, verifiers: readonly Verifier[]): string {
  const isOfOne = (one: NoteSignature) =>
    verifiers.some(({ name, keyId }) => one.name === name && one.keyId === keyId)
  return formatSignatures(parseNote(raw).signatures.filter(isOfOne))
}

/** Takes a note apart; says nothing of whether its signatures are right. */
export function parseNote(raw: string): Note {
  const split = raw.lastIndexOf('\n\n')
  const text = raw.slice(0, split + 1)
  const lines = raw.slice(split + 2)
  if (raw.length > MAX_NOTE_CHARS || split < 0 || !isNoteText(text) || !lines.endsWith('\n')) {
    throw new LogError('this is no signed note')
  }
  const signatures = lines.slice(0, -1).split('\n').map(parseSignature)
  if (signatures.length > MAX_SIGNATURES) throw new LogError('the note has too many signatures')
  return { text, signatures }
}

/**
 * The text of a note that at least one of these keys signed. Signatures of unknown keys are passed
 * over; a wrong one of a known key makes the note worthless.
 */
export function openNote(raw: string, verifiers: readonly Verifier[]): string {
  const { text, signatures } = parseNote(raw)
  let known = 0
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((one) => one.name === name && one.keyId === keyId)
    if (!verifier) continue
    if (!verifier.isValid(text, signature)) {
      throw new LogError(`the signature of ${name} is not one of this note`)
    }
    known++
  }
  if (known > 0) return text
  throw new LogError(`the note is not signed by ${verifiers.map(({ name }) => name).join(' or ')}`)
}

function verifierOf(named: NamedKey): Verifier {
  const { name, keyId, text } = named
  return { name, keyId, text, isValid: (signed, bytes) => isSignedWith(named, signed, bytes) }
}

function toKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
}

function parseSignature(line: string): NoteSignature {
  const [, name = '', base64 = ''] = SIGNATURE_LINE.exec(line) ?? []
  const bytes = Buffer.from(base64, 'base64')
  if (!isName(name) || bytes.length < 5) throw new LogError('a signature line is malformed')
  return { name, keyId: bytes.subarray(0, 4).toString('hex'), signature: bytes.subarray(4) }
}

/** No control characters but line feeds; well-formed Unicode. */
function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.endsWith('\n') && !/[\0-\x09\x0b-\x1f\x7f]/.test(text) && text.isWellFormed()
}

function isName(name: string): boolean {
  return name !== '' && !/[\s+\u0085]/u.test(name)
}

function requireName(name: string): void {
  if (!isName(name)) throw new LogError(`"${name}" cannot be the name of a key`)
}

import { hkdfSync } from 'node:crypto'
import {
  isSignedWith,
  keyPair,
  type NamedKey,
  nameKey,
  parseNamedKey,
  type Signer,
  type Verifier,
} from './note.ts'

/** Type byte of a key: Ed25519 that signs a checkpoint and the time (C2SP tlog-cosignature). */
const COSIGNATURE = 4
const TIME_BYTES = 8
const SEED_BYTES = 32

/** Cosigns checkpoints under a name; `clock` says the time that goes with each. */
export function cosignerOf(name: string, seed: Uint8Array, clock: () => Date): Signer {
  const { publicKey, sign } = keyPair(seed)
  return {
    verifier: cosignatureVerifier(nameKey(name, COSIGNATURE, publicKey)),
    sign(text) {
      const seconds = Math.floor(clock().getTime() / 1000)
      const time = Buffer.alloc(TIME_BYTES)
      time.writeBigUInt64BE(BigInt(seconds))
      return Buffer.concat([time, sign(message(BigInt(seconds), text))])
    },
  }
}

/** Reads the verifier key of a witness. */
export function parseWitnessKey(text: string): Verifier {
  return cosignatureVerifier(parseNamedKey(text, COSIGNATURE))
}

/** The seed of a witness, made of a log's: one secret to keep, two keys that share nothing. */
export function witnessSeed(logSeed: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', logSeed, '', 'entrepot witness v1', SEED_BYTES))
}

function cosignatureVerifier(named: NamedKey): Verifier {
  const { name, keyId, text } = named
  return {
    name,
    keyId,
    text,
    isValid(signed, bytes) {
      if (bytes.length <= TIME_BYTES) return false
      const seconds = Buffer.from(bytes).readBigUInt64BE()
      return isSignedWith(named, message(seconds, signed), bytes.subarray(TIME_BYTES))
    },
  }
}

function message(seconds: bigint, checkpoint: string): string {
  return `cosignature/v1\ntime ${seconds}\n${checkpoint}`
}

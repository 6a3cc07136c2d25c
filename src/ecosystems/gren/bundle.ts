import { gunzip } from '#core/archives/gunzip.ts'
import { RegistryError } from '#core/errors.ts'
import { JsonShape } from './json-shape.ts'
import { type Findings, refuse, shown } from './problems.ts'
import { Turns } from './turns.ts'

const MIB = 1024 * 1024
/** Of the bundle as it is sent, and of the JSON in it. The largest of the real ones has 122 KB. */
export const MAX_BUNDLE_BYTES = 5 * MIB
const MAX_JSON_BYTES = 50 * MIB
/** JSON ÷ gzip. The first MiB is free. */
const MAX_RATIO = 100
const MAX_MODULES = 5_000
/** Of values in all of the bundle, which is mostly a few long texts. */
const SHAPE = { maxDepth: 64, maxValues: 500_000 }

/** Each may take three times its JSON in memory: all of a process's at once would be too much. */
const unpacking = new Turns(2)

/** What may come with a bundle, beside it or in it, and how long each may be. */
const EXTRAS = { readme: MIB, license: MIB / 4, docs: 5 * MIB, changelog: MIB } as const
export type Extra = keyof typeof EXTRAS
export const EXTRA_NAMES = Object.keys(EXTRAS) as readonly Extra[]

/** Texts that come with a package, as they are stored. */
export type Extras = Readonly<Partial<Record<Extra, Uint8Array>>>

/** What a bundle holds, before anybody has looked at the outline. */
export interface Bundle {
  readonly outline: Readonly<Record<string, unknown>>
  readonly sources: ReadonlyMap<string, string>
  readonly extras: Extras
}

/** How long a text that comes with a package may be. */
export function maxExtraBytes(name: Extra): number {
  return EXTRAS[name]
}

/**
 * Reads a bundle: one gzip member of one JSON object in UTF-8. Throws `unprocessable` for what is none;
 * notes what is wrong inside. Of a key that is there twice the last counts, as for the client.
 */
export async function readBundle(bytes: Uint8Array, findings: Findings): Promise<Bundle> {
  const content = await unpacking.take(async () => parseJson(await unpack(bytes)))
  if (!isObject(content)) refuse('bundle', 'its JSON is not an object')
  const { outline, sources } = content
  if (!isObject(outline)) refuse('outline', 'is not there, or not an object')
  if (!isObject(sources)) refuse('sources', 'is not there, or not an object of texts')
  const extras: Partial<Record<Extra, Uint8Array>> = {}
  for (const name of EXTRA_NAMES) {
    const found = readExtra(name, content[name], findings)
    if (found) extras[name] = found
  }
  const known = new Set<string>(['outline', 'sources', ...EXTRA_NAMES])
  for (const key of Object.keys(content)) {
    if (!known.has(key)) findings.warn('bundle', `${shown(key)} is not known and ignored`)
  }
  return { outline, sources: readSources(sources, findings), extras }
}

/** What keeps a text that comes with a package from being kept; nothing when it is fine. */
export function whyNoExtra(name: Extra, bytes: Uint8Array): string | undefined {
  const maxBytes = EXTRAS[name]
  if (bytes.byteLength > maxBytes) return `has more than ${maxBytes} bytes`
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.includes('\0')) return 'has a NUL character'
    if (name === 'docs' && !Array.isArray(parseDocs(bytes, text))) {
      return 'is not the JSON list that the compiler writes'
    }
  } catch (error) {
    return error instanceof RegistryError ? error.message : 'is not UTF-8'
  }
  return undefined
}

/** Whether this is what JSON calls an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function unpack(bytes: Uint8Array): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const shape = new JsonShape(SHAPE)
  const maxBytes = Math.min(MAX_JSON_BYTES, Math.max(MIB, bytes.byteLength * MAX_RATIO))
  let unpacked = 0
  const source = (async function* () {
    yield bytes
  })()
  try {
    await gunzip(source, MAX_BUNDLE_BYTES, async (content) => {
      for await (const chunk of content) {
        unpacked += chunk.byteLength
        if (unpacked > maxBytes) refuse('bundle', `it unpacks to more than ${maxBytes} bytes`)
        shape.write(chunk)
        chunks.push(chunk)
      }
    })
  } catch (error) {
    if (error instanceof RegistryError && error.details.problems === undefined) {
      refuse('bundle', error.message.replace('the archive: ', ''))
    }
    throw error
  }
  return Buffer.concat(chunks)
}

function parseJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    // A byte order mark stays, and is no JSON.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    refuse('bundle', 'it is not UTF-8')
  }
  try {
    return JSON.parse(text)
  } catch {
    refuse('bundle', 'it is not one JSON object')
  }
}

/** The documentation as the compiler writes it; nothing when it is no JSON. */
function parseDocs(bytes: Uint8Array, text: string): unknown {
  new JsonShape(SHAPE).write(bytes)
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readExtra(name: Extra, value: unknown, findings: Findings): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined
  // The compiler's documentation is JSON itself: it may stand there as it is.
  const text = name === 'docs' && typeof value !== 'string' ? JSON.stringify(value) : value
  if (typeof text === 'string' && text.isWellFormed()) return new TextEncoder().encode(text)
  findings.refuse(name, 'is not text')
  return undefined
}

function readSources(raw: Record<string, unknown>, findings: Findings): Map<string, string> {
  const entries = Object.entries(raw)
  if (entries.length > MAX_MODULES) refuse('sources', `there are more than ${MAX_MODULES} modules`)
  const sources = new Map<string, string>()
  for (const [name, source] of entries) {
    if (typeof source !== 'string') findings.refuse(`sources.${name}`, 'is not text')
    else if (!source.isWellFormed() || source.includes('\0')) {
      findings.refuse(`sources.${name}`, 'is not proper text')
    } else sources.set(name, source)
  }
  return sources
}

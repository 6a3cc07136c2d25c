import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGunzip, gzip } from 'node:zlib'
import type { SnapshotRow } from '#core/db/snapshot.ts'
import { RegistryError } from '#core/errors.ts'
import type { BackupTarget } from './target.ts'

const compress = promisify(gzip)
const LEVEL = 1
/** Lines handed over at once when rows are read. */
const BATCH_LINES = 2_000

/** The file of a table's rows in a snapshot: gzip of one JSON object a line. */
export function rowFileName(table: string): string {
  return `database/${table}.jsonl.gz`
}

/** Rows as such a file. Each batch is compressed by itself, on another thread. */
export async function* packRows(
  batches: AsyncIterable<readonly SnapshotRow[]>,
  onRows: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  // So that no rows at all are a valid file too.
  yield await compress('')
  for await (const rows of batches) {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    onRows(rows.length)
    yield await compress(text, { level: LEVEL })
  }
}

/** The rows of a table, as lines of JSON, some at a time; throws when they cannot be read. */
export async function* readRowLines(
  target: BackupTarget,
  snapshot: string,
  table: string,
): AsyncGenerator<string[]> {
  const name = rowFileName(table)
  const body = await target.readFile(snapshot, name)
  if (!body) throw new RegistryError('unprocessable', `${snapshot}/${name} is missing`)
  try {
    yield* batchesOfLines(unpack(body))
  } catch (error) {
    if (!isGarbled(error)) throw error
    throw new RegistryError('unprocessable', `${snapshot}/${name} is damaged`, { cause: error })
  }
}

/** The rows of a table with some columns, one after the other. */
export async function* readRows<T>(
  target: BackupTarget,
  snapshot: string,
  table: string,
): AsyncGenerator<T> {
  for await (const lines of readRowLines(target, snapshot, table)) {
    for (const line of lines) yield JSON.parse(line) as T
  }
}

async function* unpack(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const bytes = Readable.from(body)
  const unpacked = createGunzip()
  const feeding = pipeline(bytes, unpacked)
  // Heard below; a reader that stops early leaves it unheard.
  feeding.catch(() => {})
  for await (const piece of unpacked) yield piece
  await feeding
}

async function* batchesOfLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder()
  let rest = ''
  let batch: string[] = []
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      batch.push(line)
      if (batch.length < BATCH_LINES) continue
      yield batch
      batch = []
    }
  }
  if (rest !== '') throw new RegistryError('unprocessable', 'the last row is cut off')
  if (batch.length > 0) yield batch
}

function isGarbled(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^Z_|^ERR_|ABORT/.test(String(error.code))
}

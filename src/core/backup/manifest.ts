import { z } from 'zod'
import { digestOf } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import type { BackupTarget } from './target.ts'

/** Grows when a backup is laid out differently. */
const FORMAT = 1
const MANIFEST = 'manifest.json'
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024

const count = z.int().nonnegative()
const contentSchema = z.strictObject({
  format: z.literal(FORMAT),
  createdAt: z.iso.datetime(),
  /** The version of entrepot that made it. */
  version: z.string(),
  database: z.enum(['sqlite', 'postgres']),
  migrations: z.array(z.string()),
  tables: z.array(
    z.strictObject({
      name: z.string().regex(/^[a-z_]+$/),
      rows: count,
      /** The last key that was given away, for tables whose keys only grow. */
      lastKey: count.optional(),
    }),
  ),
  blobs: z.strictObject({ count, bytes: count }),
  /** The transparency log as it was published then. */
  log: z.strictObject({ size: count, root: z.string(), checkpoint: z.string() }),
  files: z.array(
    z.strictObject({
      name: z.string().regex(/^(database|secrets)\/[A-Za-z0-9_][A-Za-z0-9_.-]*$/),
      size: count,
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
})

/** What a snapshot is: everything it consists of, and what each piece must be. */
export type Manifest = z.infer<typeof contentSchema>

/** Writes the manifest, which makes the snapshot a complete one: the last thing to be written. */
export async function writeManifest(
  target: BackupTarget,
  snapshot: string,
  manifest: Manifest,
): Promise<void> {
  await target.flush()
  const text = JSON.stringify({ ...manifest, digest: digestOfContent(manifest) }, undefined, 2)
  await target.writeFile(snapshot, MANIFEST, once(Buffer.from(`${text}\n`)))
  await target.flush()
}

/** The manifest of a complete snapshot, undefined of any other; throws when it is damaged. */
export async function readManifest(
  target: BackupTarget,
  snapshot: string,
): Promise<Manifest | undefined> {
  const body = await target.readFile(snapshot, MANIFEST)
  if (!body) return undefined
  const raw = parse(await readText(body), snapshot)
  if (raw?.format !== FORMAT) {
    const message = `${snapshot} has format ${String(raw?.format)}, which this version does not know`
    throw new RegistryError('unprocessable', message)
  }
  const { digest, ...content } = raw
  if (digest !== digestOfContent(content)) throw damaged(snapshot)
  const parsed = contentSchema.safeParse(content)
  if (!parsed.success) throw damaged(snapshot)
  return parsed.data
}

/** How many rows a table has in a snapshot. */
export function rowsOf({ tables }: Manifest, table: string): number {
  return tables.find(({ name }) => name === table)?.rows ?? 0
}

function digestOfContent(content: object): string {
  return digestOf(Buffer.from(JSON.stringify(content)))
}

function parse(text: string, snapshot: string): Record<string, unknown> {
  try {
    const raw: unknown = JSON.parse(text)
    if (typeof raw === 'object' && raw !== null) return raw as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw damaged(snapshot)
}

function damaged(snapshot: string): RegistryError {
  return new RegistryError('unprocessable', `${snapshot}/${MANIFEST} is damaged`)
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    size += piece.length
    if (size > MAX_MANIFEST_BYTES) break
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

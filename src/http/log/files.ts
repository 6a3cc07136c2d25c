import type { Context, Hono } from 'hono'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { entryBundle, recordBundle } from '#core/log/bundles.ts'
import { readCosigned, withCosignatures } from '#core/log/cosigned.ts'
import { HASH_BYTES } from '#core/log/merkle.ts'
import { readLogState, readRecords, tileReader } from '#core/log/read-log.ts'
import { parseTilePath, type TileFile } from '#core/log/tile-path.ts'
import { TILE_WIDTH, widthOf } from '#core/log/tiles.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'
import { freshAnswer, immutableAnswer, TEXT } from './answers.ts'

/** The log as files: checkpoints and tiles, for C2SP's clients and for Go's. */
export function mountFiles(log: Hono<Env>): void {
  log.get('/checkpoint', async (c) => {
    const { checkpoint } = await readLogState(c.var.app.database.db)
    return sendNote(c, await withCosignatures(c.var.app, checkpoint))
  })
  log.get('/checkpoint/cosigned', async (c) => {
    const note = await readCosigned(c.var.app, c.req.query('by'))
    return c.body(note, 200, { 'content-type': TEXT, 'cache-control': 'no-store' })
  })
  log.get('/latest', async (c) => sendNote(c, (await readLogState(c.var.app.database.db)).goTree))
  log.get('/tile/*', async (c) => {
    const file = parseTilePath(c.req.path.slice(c.req.path.indexOf('/tile/') + '/tile/'.length))
    if (!file) throw new RegistryError('not_found', 'the log has no such tile')
    const answer = await readFile(c.var.app, file)
    return sendHot(c, answer)
  })
  // So that the go command asks nobody else, when this is behind a module proxy.
  log.get('/supported', (c) => c.body('', 200, { 'cache-control': 'public, max-age=3600' }))
}

function sendNote(c: Context<Env>, note: string): Response | Promise<Response> {
  if (note !== '') return sendHot(c, freshAnswer(TEXT, note))
  throw new RegistryError('unavailable', 'the log is not signed yet', { retryAfterSeconds: 1 })
}

async function readFile(app: App, file: TileFile) {
  const { kind, number, width } = file
  const { size } = await readLogState(app.database.db)
  const address = { level: kind === 'hashes' ? file.level : 0, number }
  if (widthOf(address, size) < width) {
    throw new RegistryError('not_found', 'the log is not so large yet')
  }
  if (kind === 'hashes') {
    const hashes = await tileReader(app.database.db)(address, width)
    const body = new Uint8Array(hashes.subarray(0, width * HASH_BYTES))
    return immutableAnswer('application/octet-stream', body)
  }
  const first = number * TILE_WIDTH
  const records = await readRecords(app, first, first + width)
  return kind === 'entries'
    ? immutableAnswer('application/octet-stream', entryBundle(records))
    : immutableAnswer(TEXT, recordBundle(records))
}

import type { Hono } from 'hono'
import { addCheckpoint, readWitnessed } from '#core/log/witness.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { TEXT } from './answers.ts'

/** 63 hashes, and a checkpoint with many signatures. */
const MAX_BODY_BYTES = 64 * 1024

/** This registry as the witness of others’ logs (C2SP tlog-witness). */
export function mountWitness(log: Hono<Env>): void {
  log.post('/witness/add-checkpoint', async (c) => {
    const body = Buffer.from(await readBody(c.req.raw, MAX_BODY_BYTES)).toString()
    const witnessed = await addCheckpoint(c.var.app, body)
    if (witnessed.isCosigned) return c.body(witnessed.lines, 200, { 'content-type': TEXT })
    return c.body(`${witnessed.size}\n`, 409, { 'content-type': 'text/x.tlog.size' })
  })
  log.get('/witness/:key/checkpoint', async (c) => {
    const checkpoint = await readWitnessed(c.var.app, c.req.param('key'))
    return c.body(checkpoint, 200, { 'content-type': TEXT, 'cache-control': 'public, max-age=1' })
  })
}

import type { Hono } from 'hono'
import { proveConsistency, proveInclusion } from '#core/log/prove.ts'
import type { Env } from '#ecosystems/contract.ts'
import { base64All, IMMUTABLE, numberOf } from './answers.ts'

/** Proofs for those who do not want to make them of tiles. They never change. */
export function mountProofs(log: Hono<Env>): void {
  log.get('/proof/inclusion', async (c) => {
    const index = numberOf(c.req.query('index'), 'index')
    const size = numberOf(c.req.query('size'), 'size')
    const proof = await proveInclusion(c.var.app, index, size)
    c.header('cache-control', IMMUTABLE)
    return c.json({ index, size, proof: base64All(proof) })
  })
  log.get('/proof/consistency', async (c) => {
    const from = numberOf(c.req.query('from'), 'from')
    const to = numberOf(c.req.query('to'), 'to')
    const proof = await proveConsistency(c.var.app, from, to)
    c.header('cache-control', IMMUTABLE)
    return c.json({ from, to, proof: base64All(proof) })
  })
}

import { accept, type Refusals } from './answers.ts'
import { send } from './send.ts'

/** Reads from a path below the `/log/` beside a registry's own paths; no credential goes there. */
export async function readLog(refusals: Refusals, path: string): Promise<Uint8Array> {
  const url = new URL(`../log/${path}`, `${refusals.url}/`).href
  const headers = { accept: 'application/json, */*' }
  const answer = await send({ method: 'GET', url, headers })
  return accept(answer, { ...refusals, url, hints: {} }).bytes
}

import { randomBytes } from 'node:crypto'
import { runClients } from './closed-loop.ts'
import { digestOf, repository } from './content.ts'
import type { ClientLoad } from './load.ts'

/** Pushes random 10 KB blobs: POST, then PUT. */
const load: ClientLoad = JSON.parse(process.argv[2] ?? '{}')
const blobBytes = 10 * 1024
const type = 'application/octet-stream'
const start = new URL(`/v2/${repository}/blobs/uploads/`, load.baseUrl)

await runClients(load, async (send) => {
  const body = randomBytes(blobBytes)
  const opening = {
    method: 'POST',
    url: start,
    type,
    body: Buffer.alloc(0),
    expected: 202,
  } as const
  const url = new URL((await send(opening)) ?? '', start)
  url.searchParams.set('digest', digestOf(body))
  await send({ method: 'PUT', url, type, body, expected: 201 })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { after, before, test } from '#runtime/test.ts'
import { createClient } from './client.ts'
import { downloadBundle } from './download-bundle.ts'

let server: Server
let url: string
const asked: string[] = []

before(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const digest = `sha-256=${Buffer.alloc(32).toString('base64')}`
    response.writeHead(200, { digest }).end('bundle')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  url = `http://127.0.0.1:${port}/gren`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

test('what is not what the registry says of it goes no further', async () => {
  const release = { name: 'acme/json', version: '1.0.0', by: 'gren.json' }
  const trust = { logKey: undefined, quorum: { witnesses: [], needed: 0 } }
  await assert.rejects(
    downloadBundle(createClient({ url }), release, trust),
    /the bundle of acme\/json 1\.0\.0 was changed: it should be sha-256=A+= and is sha-256=/,
  )
  assert.deepEqual(asked, ['/gren/package/acme/json/1.0.0/bundle'])
})

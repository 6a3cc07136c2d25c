import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { after, before, test } from '#runtime/test.ts'
import { createClient } from './client.ts'
import { newestVersion } from './download-release.ts'

let server: Server
let url: string

before(async () => {
  const about = { checksum: 'sha256:0', yanked: false, deprecated: null, published_at: '' }
  const numbers = ['1/../../../../tmp/x', '\u001b[2J', '2.0.0', '1.0.0']
  const body = JSON.stringify({ versions: numbers.map((version) => ({ version, ...about })) })
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  url = `http://127.0.0.1:${port}/ori`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

test('what a registry calls its newest version becomes a file’s name only if it is a version', async () => {
  assert.equal(await newestVersion(createClient({ url }), '@acme/json'), '2.0.0')
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatLock } from '#ecosystems/ori/lock.ts'
import { readManifest } from '#ecosystems/ori/manifest.ts'
import { after, before, test } from '#runtime/test.ts'
import { createClient } from './client.ts'
import { lockProject } from './lock-project.ts'

const checksum = `sha256:${'0'.repeat(64)}`
const asked: string[] = []
let dependency: object
let folder: string
let server: Server
let url: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-project-'))
  const locked = { name: '@acme/json', version: '1.0.0', checksum }
  await writeFile(join(folder, 'oripk.lock'), formatLock([locked]))
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const about = { ...locked, size: 1, yanked: false, deprecated: null }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ ...about, dependencies: [dependency] }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  url = `http://127.0.0.1:${port}/ori`
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

test('what a registry says that a package needs is neither asked for nor locked as it is', async () => {
  const { manifest } = readManifest('[package]\n')
  const pins = ['@acme/json', '@acme/text'].map((name) => ({ name, version: '1.0.0' }))
  const project = {
    folder,
    manifestText: '',
    manifest: { ...manifest, dependencies: pins },
    publish: { include: [], exclude: [] },
  } as unknown as Parameters<typeof lockProject>[0]
  const clientFor = async () => createClient({ url })
  for (const wrong of [
    { name: '../../../log', version: '1.0.0', kind: 'normal' },
    { name: '@acme/x\n@acme/y', version: '1.0.0', kind: 'normal' },
    { name: '@acme/x', version: '1/../../..', kind: 'normal' },
  ]) {
    dependency = wrong
    await assert.rejects(lockProject(project, { clientFor, mayChange: true }), /\(dependencies\.0/)
  }
  assert.deepEqual(new Set(asked), new Set(['/ori/v1/packages/acme/json/1.0.0/metadata']))
})

import { randomUUID } from 'node:crypto'
import { runClients } from './closed-loop.ts'
import type { ClientLoad } from './load.ts'
import { oriForm, packOri } from './ori.ts'

/** Publishes versions of 10 KB of Ori packages, a new package for every ten of them. */
const load: ClientLoad = JSON.parse(process.argv[2] ?? '{}')
const packageBytes = 10 * 1024
const versionsEach = 10
let published = 0
let name = newName()

await runClients(load, async (send) => {
  const patch = published++ % versionsEach
  if (patch === 0) name = newName()
  const draft = { name, version: `1.0.${patch}`, bytes: packageBytes }
  const { type, body } = oriForm(packOri(draft))
  const url = new URL(`/ori/v1/packages/${draft.name}/publish`, load.baseUrl)
  await send({ method: 'POST', url, type, body, expected: 201 })
})

function newName(): string {
  return `@bench/p-${randomUUID()}`
}

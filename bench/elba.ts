import { setTimeout as sleep } from 'node:timers/promises'
import { packElba } from '../test/elba-world.ts'
import type { Content } from './content.ts'
import type { Entrepot } from './entrepot.ts'

const count = 20
const name = 'bench/lines'

/** Publishes 20 versions of an elba package; answers the package's file in the index. */
export async function publishElbaContent({ baseUrl, pushToken }: Entrepot): Promise<Content> {
  for (let patch = 0; patch < count; patch++) {
    const version = `1.0.${patch}`
    const response = await fetch(`${baseUrl}/elba/api/v1/packages/${name}/${version}/publish`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${pushToken}` },
      body: new Uint8Array(packElba({ name, version })),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`publish ${name} ${version}: ${response.status} ${text}`)
  }
  const path = `/elba/index/${name}`
  for (;;) {
    const response = await fetch(baseUrl + path)
    const bytes = Buffer.from(await response.arrayBuffer())
    if (response.ok && bytes.toString().trim().split('\n').length === count) return { path, bytes }
    await sleep(100)
  }
}

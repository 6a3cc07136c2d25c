import { strToU8, Zip, ZipDeflate } from 'fflate'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { listAdvisories } from './list-advisories.ts'

const BATCH = 200
/** What everybody may read: the set is the same for all, so that it can be mirrored. */
const EVERYBODY: Actor = { ...ANONYMOUS, address: '', requestId: '' }

/**
 * Every advisory that is public, as a zip of `<id>.json`, withdrawn ones too: the form in which
 * databases of OSV are mirrored. Made while it is read: memory stays flat.
 */
export async function* exportAdvisories(app: App): AsyncGenerator<Uint8Array> {
  let chunks: Uint8Array[] = []
  const zip = new Zip((error, chunk) => {
    if (error) throw error
    chunks.push(chunk)
  })
  let after: string | undefined
  do {
    const page = await listAdvisories(app, EVERYBODY, { limit: BATCH, ...(after && { after }) })
    for (const { id, document, modifiedAt } of page.items) {
      const file = new ZipDeflate(`${id}.json`)
      file.mtime = modifiedAt
      zip.add(file)
      file.push(strToU8(`${JSON.stringify(document, undefined, 2)}\n`), true)
    }
    yield* chunks
    chunks = []
    after = page.next
  } while (after !== undefined)
  zip.end()
  yield* chunks
}

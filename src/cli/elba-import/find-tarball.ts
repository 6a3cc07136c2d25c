import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { send } from '#cli/client/send.ts'
import { CliError } from '#cli/failure.ts'
import { MAX_ARCHIVE_BYTES } from '#ecosystems/elba/inspect.ts'
import type { IndexEntry } from './read-index.ts'

/** Where archives may come from. */
export interface TarballSource {
  /** A folder of archives, looked into first. */
  readonly tarballs?: string
  /** Whether the index came over the network. */
  readonly isRemote: boolean
}

/** Finds archives: in a folder, or where the index says. */
export class Tarballs {
  readonly #source: TarballSource
  /** Hosts that did not answer, tried several times. */
  readonly #silent = new Set<string>()

  constructor(source: TarballSource) {
    this.#source = source
  }

  /** The archive of a release; a text says why there is none to be had. Throws when it should be. */
  async find(entry: IndexEntry): Promise<Uint8Array | string> {
    const { tarballs, isRemote } = this.#source
    const own = tarballs === undefined ? undefined : await findIn(tarballs, entry)
    if (own) return own
    const { location } = entry
    if ('reason' in location) return location.reason
    const { url } = location
    if (url.protocol !== 'file:') return await this.#fetch(url)
    if (isRemote) {
      const hint = 'bring it by --tarballs'
      throw new CliError('an index from elsewhere may not name files of this machine', hint)
    }
    const path = pathOf(url)
    const bytes = await readBounded(path)
    if (bytes) return bytes
    throw new CliError(`there is no ${path}`, 'bring it by --tarballs')
  }

  async #fetch(url: URL): Promise<Uint8Array> {
    const { host, href } = url
    if (this.#silent.has(host)) {
      throw new CliError(`${host} does not answer, and is asked no more`, 'try again later')
    }
    try {
      const answer = await send({
        method: 'GET',
        url: href,
        // What a server would pack for the way, clients unpack: the checksum is of the file.
        headers: { 'accept-encoding': 'identity' },
        followsElsewhere: true,
        maxBytes: MAX_ARCHIVE_BYTES,
      })
      if (answer.status === 200) return answer.bytes
      const place = `${url.origin}${url.pathname}`
      throw new CliError(`${place} answers with status ${answer.status}`, 'is it still there?')
    } catch (error) {
      // Nobody was there, as its cause tells.
      const isSilent = error instanceof CliError && error.cause !== undefined
      if (isSilent) this.#silent.add(host)
      throw error
    }
  }
}

/** What a URL of a file means; one of another machine's file, or with a hidden slash, means none. */
function pathOf(url: URL): string {
  try {
    return fileURLToPath(url)
  } catch (error) {
    throw new CliError(`${url.href} is no file of this machine`, 'bring it by --tarballs', error)
  }
}

/** As the old registry's storage has them, and the store of elba's bot. */
async function findIn(
  folder: string,
  { key, version }: IndexEntry,
): Promise<Uint8Array | undefined> {
  const file = `${key.replace('/', '_')}_${version}.tar.gz`
  for (const place of ['', 'tarballs', key]) {
    const bytes = await readBounded(join(folder, place, file))
    if (bytes) return bytes
  }
  return undefined
}

async function readBounded(path: string): Promise<Uint8Array | undefined> {
  const size = await stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  )
  if (size === undefined) return undefined
  if (size > MAX_ARCHIVE_BYTES) {
    throw new CliError(
      `${path} has more than ${MAX_ARCHIVE_BYTES} bytes`,
      'nobody may publish that',
    )
  }
  return new Uint8Array(await readFile(path))
}

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type ElbaDraft, packElba } from './elba-world.ts'

/** A line of an old index to be. */
export interface OldRelease extends ElbaDraft {
  /** Names of what it needs, by the index. */
  readonly needs?: readonly string[]
  readonly yanked?: boolean
  /** Instead of where its archive is. */
  readonly location?: string | null
  /** Instead of its packed draft. */
  readonly archive?: Uint8Array
}

/** An index with its archives somewhere else, as old registries of elba left them. */
export interface OldElba {
  /** The index. */
  readonly folder: string
  /** Where `tar+` locations lead; `paths` are those that were asked for. */
  readonly url: string
  readonly paths: string[]
  /** Adds lines, and serves their archives. */
  add(...releases: readonly OldRelease[]): Promise<void>
  /** Writes a file of the index as it is. */
  write(path: string, text: string): Promise<void>
  /** Stops answering when this path is asked for, until it is undefined; resolves when it is. */
  hold(path: string | undefined): Promise<void>
  /** The archive of a release, by its path. */
  archive(path: string): Uint8Array
  close(): Promise<void>
}

/** Opens one, empty. */
export async function openOldElba(): Promise<OldElba> {
  const root = await mkdtemp(join(tmpdir(), 'old-elba-'))
  const folder = join(root, 'index')
  const archives = new Map<string, Uint8Array>()
  const files = new Map<string, string[]>()
  const paths: string[] = []
  let held: { path: string; answer?: ServerResponse; reached: () => void } | undefined
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    paths.push(path)
    const bytes = archives.get(path)
    if (held?.path === path) {
      held.answer = response
      held.reached()
    } else if (path.startsWith('/moved/')) {
      response.writeHead(307, { location: `http://localhost:${port}${path.slice(6)}` }).end()
    } else response.writeHead(bytes ? 200 : 404).end(bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  await write('index.toml', '[index]\nsecure = false\n[index.dependencies]\n')
  await write('README.md', '# An index\n')
  return {
    folder,
    url,
    paths,
    write,
    async add(...releases) {
      for (const release of releases) {
        const path = `/${oldTarball(release)}`
        const archive = release.archive ?? packElba(release)
        archives.set(path, archive)
        const file = release.name.toLowerCase().replaceAll('_', '-')
        const line = oldLine(release, `tar+${url}${path}#sha256=${hexOf(archive)}`)
        const lines = [...(files.get(file) ?? []), line]
        files.set(file, lines)
        await write(file, lines.join('\n'))
      }
    },
    async hold(path) {
      held?.answer?.destroy()
      held = undefined
      if (path === undefined) return
      await new Promise<void>((reached) => {
        held = { path, reached }
      })
    },
    archive: (path) => archives.get(path) ?? new Uint8Array(),
    async close() {
      held?.answer?.destroy()
      server.closeAllConnections()
      server.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** What an archive is called in the old registry's storage. */
export function oldTarball({ name, version }: Pick<OldRelease, 'name' | 'version'>): string {
  return `${name.toLowerCase().replaceAll('_', '-').replace('/', '_')}_${version}.tar.gz`
}

/** The checksum that an index has. */
export function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function oldLine({ name, version, needs = [], yanked = false, location }: OldRelease, own: string) {
  const dependencies = needs.map((one) => ({ name: one, index: null, req: '>=1.0.0 <2.0.0' }))
  const where = location === null ? {} : { location: location ?? own }
  return JSON.stringify({ name, version, dependencies, yanked, ...where })
}

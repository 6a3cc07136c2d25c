import { execFileSync } from 'node:child_process'
import { systemActor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { type IndexWriter, startIndexWriter } from '#core/index/index-writer.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import type { Settings } from '#core/settings.ts'
import { GitHome } from './git-world.ts'
import { newUser, type ServedRegistry, serveTestApp } from './served.ts'

const operator = systemActor('cli')
/** As a server has them. */
const WRITER = { pollMs: 600, pauseMs: 600 }

/** Which elba package is meant by `group/name`. */
export function elbaRef(path: string): PackageRef {
  const [namespace = '', name = ''] = path.split('/')
  return { ecosystem: 'elba', namespace, name, key: name.toLowerCase().replaceAll('_', '-') }
}

/** Publishes without HTTP and without an archive worth the name: for tests of what comes after. */
export async function publishElba(app: App, path: string, version: string): Promise<void> {
  const bytes = new TextEncoder().encode(`${path} ${version}`)
  await publishRelease(
    app,
    operator,
    { ...elbaRef(path), spelling: path },
    {
      version,
      bytes,
      role: 'archive',
      digest: digestOf(bytes),
      mediaType: 'application/gzip',
      kind: '',
      metadata: { name: path, version, dependencies: [{ name: 'acme/core', req: 'any' }] },
      files: [],
      tags: [],
      mustBeNew: true,
    },
  )
}

/** A served registry with the namespace acme and a writer of its indices, and somebody's git. */
export interface IndexWorld {
  readonly registry: ServedRegistry
  readonly app: App
  readonly writer: IndexWriter
  readonly home: GitHome
  /** Of elba's repository. */
  readonly git: string
  /** A file below `/elba/index/`, or another path below `/elba/`. */
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** The files of a clone by path. */
  filesOf(clone: string): Promise<Record<string, string>>
  /** The same of the archive. */
  archiveFiles(): Promise<Record<string, string>>
  close(): Promise<void>
}

/** Starts one. */
export async function openIndexWorld(settings: Partial<Settings> = {}): Promise<IndexWorld> {
  const registry = await serveTestApp(settings)
  const { app, url } = registry
  await newUser(app, 'ann', { namespaces: ['acme', 'foo-bar'] })
  const writer = startIndexWriter(app, WRITER)
  await writer.idle()
  const home = await GitHome.open()
  const get: IndexWorld['get'] = (path, headers = {}) => fetch(`${url}/elba${path}`, { headers })
  return {
    registry,
    app,
    writer,
    home,
    git: `${url}/elba/index.git`,
    get,
    async filesOf(clone) {
      const listed = (await home.run('-C', clone, 'ls-tree', '-r', '--name-only', 'HEAD')).split(
        '\n',
      )
      const files: Record<string, string> = {}
      for (const path of listed) {
        const { stdout } = await home.try('-C', clone, 'show', `HEAD:${path}`)
        files[path] = stdout
      }
      return files
    },
    async archiveFiles() {
      const input = new Uint8Array(await (await get('/index.tar.gz')).arrayBuffer())
      const tar = (...args: string[]) => execFileSync('tar', args, { input, encoding: 'utf8' })
      const paths = tar('tzf', '-').trim().split('\n')
      return Object.fromEntries(paths.map((path) => [path, tar('xzOf', '-', path)]))
    },
    async close() {
      await writer.stop()
      await home.close()
      await registry.stop()
    },
  }
}

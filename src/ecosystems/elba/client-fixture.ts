import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'smol-toml'

/**
 * elba 0.3.x as far as a registry hears of it, done again: what it writes, sends and checks, in its
 * order, and what it does not check. It knows nothing of this server.
 */
export interface ElbaClient {
  /** `elba login`: only writes a file. */
  login(token: string): Promise<void>
  /** `elba publish`, in a project's folder. */
  publish(folder: string): Promise<void>
  /** `elba yank group/name|version`. */
  yank(spec: string, yanked?: boolean): Promise<void>
  /** The lines that it finds about a package; nothing where the index has no file. */
  resolve(name: string): Promise<IndexLine[] | undefined>
  /** Gets the archive of a line: its files by path. */
  retrieve(line: IndexLine): Promise<Map<string, Uint8Array>>
}

/** A line of the index. */
interface IndexLine {
  readonly name: string
  readonly version: string
  readonly dependencies: readonly { name: string; index: string | null; req: string }[]
  readonly yanked: boolean
  readonly location: string
}

/** Where the client keeps things, and which index it was told of. */
interface ClientOptions {
  /** `~/.local/share/elba`. */
  readonly dataFolder: string
  /** The resolution in its configuration: the key of `logins.toml`. */
  readonly index: string
  /** The index as it has it on its disk. */
  readonly indexFolder: string
  /** Makes a gzip tar of files as the client's library does. */
  readonly pack: (files: readonly { path: string; bytes: Uint8Array }[]) => Uint8Array
}

const TIMEOUT_MS = 10_000

/** A client with one index. */
export function elbaClient(options: ClientOptions): ElbaClient {
  return {
    login: (token) => login(options, token),
    publish: (folder) => publish(options, folder),
    yank: (spec, yanked = true) => yank(options, spec, yanked),
    resolve: (name) => resolve(options, name),
    retrieve,
  }
}

async function login({ dataFolder, index }: ClientOptions, token: string): Promise<void> {
  await mkdir(dataFolder, { recursive: true })
  await writeFile(join(dataFolder, 'logins.toml'), `"${index}" = "${token}"\n`)
}

async function publish(options: ClientOptions, folder: string): Promise<void> {
  const manifest = parse(await readFile(join(folder, 'elba.toml'), 'utf8'))
  const { name, version } = manifest.package as { name: string; version: string }
  const [group = '', packageName = ''] = name.split('/')
  const target = join(folder, 'target')
  await mkdir(target, { recursive: true })
  const tarball = join(target, `${group}_${packageName}-${version}.tar.gz`)
  await writeFile(tarball, options.pack(await filesIn(folder)))
  const url = new URL(
    `api/v1/packages/${group}/${packageName}/${version}/publish`,
    await registryOf(options),
  )
  url.searchParams.append('token', await tokenOf(options))
  await send('PUT', url, new Uint8Array(await readFile(tarball)))
}

async function yank(options: ClientOptions, spec: string, yanked: boolean): Promise<void> {
  const [name = '', version = ''] = spec.split('|')
  const url = new URL(`api/v1/packages/${name}/${version}/yank`, await registryOf(options))
  url.searchParams.append('yanked', String(yanked))
  url.searchParams.append('token', await tokenOf(options))
  await send('PATCH', url)
}

/** Success is a status of 2xx; otherwise the body is shown as it is. */
async function send(method: string, url: URL, body?: Uint8Array<ArrayBuffer>): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const answer = await fetch(url, { method, signal, ...(body && { body }) })
  if (!answer.ok) throw new Error(`unable to ${method}: ${await answer.text()}`)
}

async function tokenOf({ dataFolder, index }: ClientOptions): Promise<string> {
  const logins = parse(await readFile(join(dataFolder, 'logins.toml'), 'utf8'))
  const token = logins[index]
  if (typeof token === 'string') return token
  throw new Error('no login for this index')
}

async function registryOf({ indexFolder }: ClientOptions): Promise<string> {
  const config = parse(await readFile(join(indexFolder, 'index.toml'), 'utf8'))
  const { index } = config as {
    index: { secure: unknown; registry: unknown; dependencies: unknown }
  }
  if (typeof index.secure !== 'boolean' || typeof index.dependencies !== 'object') {
    throw new Error('index.toml cannot be read')
  }
  return String(index.registry)
}

/** It normalises the name and opens that path; one line that is bad makes the package unreadable. */
async function resolve({ indexFolder }: ClientOptions, name: string) {
  const path = name.toLowerCase().replaceAll('_', '-')
  const text = await readFile(join(indexFolder, path), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lines = text.endsWith('\n') ? text.slice(0, -1) : text
  return lines.split('\n').map((line) => JSON.parse(line) as IndexLine)
}

/** Follows redirects and never looks at the status: only the checksum tells. */
async function retrieve({ location }: IndexLine): Promise<Map<string, Uint8Array>> {
  const [resolution = '', checksum = ''] = location.split('#')
  if (!resolution.startsWith('tar+')) throw new Error(`not a tarball: ${location}`)
  const answer = await fetch(resolution.slice('tar+'.length))
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const hex = createHash('sha256').update(bytes).digest('hex')
  if (checksum !== `sha256=${hex}`)
    throw new Error('cannot download: tarball checksum does not match')
  return unpack(gunzipSync(bytes))
}

function unpack(tar: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const text = (at: number, length: number) =>
    Buffer.from(tar.subarray(at, at + length))
      .toString()
      .replace(/\0.*$/s, '')
  for (let at = 0; text(at, 100) !== ''; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    files.set(text(at, 100), tar.slice(at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}

/** Every file but those in `.git` and `target`; there is no top folder. */
async function filesIn(folder: string): Promise<{ path: string; bytes: Uint8Array }[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !/^(?:\.git|target)\//.test(path))
  return await Promise.all(
    paths.map(async (path) => ({ path, bytes: await readFile(join(folder, path)) })),
  )
}

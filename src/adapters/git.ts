import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Log } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type {
  Git,
  GitProtocol,
  GitRepository,
  ImportOptions,
  PackFile,
  Push,
  UploadPackRequest,
} from '#core/git/git.ts'
import { dropLeftovers, entriesOf, isMissing, isTaken, listPackFiles, markOf } from './git-files.ts'
import { GitProcesses, type GitProcessOptions } from './git-processes.ts'
import { pushRefs } from './git-push.ts'
import { clientLeft, uploadPackStream } from './git-upload-pack.ts'

/** Where repositories are, and how git is run. */
export interface GitOptions extends GitProcessOptions {
  readonly root: string
  readonly log: Log
}

/** A repository that was looked at, and what its folder looked like then. */
interface Known {
  readonly repository: GitRepository
  readonly mark: string
  /** The files that held its objects. */
  readonly packs: readonly string[]
}

const MAX_KNOWN = 2_000
/** So many packs and no more: each fetch looks into all of them. */
const MAX_PACKS = 12
/** A repository that was found whole is not doubted again for so long. */
const DOUBT_EVERY_MS = 60_000
const MAX_TMP_AGE_MS = 3_600_000

/** Stock git, on repositories below one folder. */
export function openGit(options: GitOptions): Git {
  return new StockGit(options)
}

class StockGit implements Git {
  readonly #root: string
  readonly #log: Log
  readonly #processes: GitProcesses
  readonly #known = new Map<string, Known>()
  /** Those that failed to serve: the next look is a thorough one. */
  readonly #suspect = new Set<string>()
  readonly #doubtedAt = new Map<string, number>()
  readonly #capabilities = new Map<GitProtocol, readonly string[]>()

  constructor({ root, log, ...processes }: GitOptions) {
    this.#root = root
    this.#log = log
    this.#processes = new GitProcesses(processes)
  }

  async version(): Promise<string> {
    return (await this.#processes.run({ args: ['--version'] })).toString().trim()
  }

  async find(name: string): Promise<GitRepository | undefined> {
    const mark = await this.#mark(name)
    if (mark === undefined) {
      this.#known.delete(name)
      return undefined
    }
    const known = this.#known.get(name)
    if (known?.mark === mark && !this.#suspect.has(name)) return known.repository
    try {
      return await this.#inspect(name, mark)
    } catch (error) {
      if (error instanceof RegistryError) throw error
      this.#log.warn({ err: error, repository: name }, 'a git repository is damaged: made anew')
      await this.discard(name)
      return undefined
    }
  }

  async import(
    name: string,
    commands: AsyncIterable<string | Uint8Array>,
    { branch = 'main' }: ImportOptions = {},
  ): Promise<GitRepository> {
    const isThere = (await this.#mark(name)) !== undefined
    const dir = isThere ? this.#dir(name) : await this.#create(branch)
    try {
      const args = ['fast-import', '--quiet', '--done', '--force', '--date-format=raw']
      await this.#git(dir, args, commands)
      await this.#tidy(dir)
      if (!isThere) await this.#place(dir, name)
    } catch (error) {
      if (isThere) await dropLeftovers(dir)
      else await rm(dir, { recursive: true, force: true })
      throw error
    }
    const mark = await this.#mark(name)
    if (mark === undefined) throw new Error(`the git repository ${name} went away`)
    return await this.#note(name, mark)
  }

  async check(name: string): Promise<string | undefined> {
    if ((await this.#mark(name)) === undefined) return undefined
    try {
      await this.#git(this.#dir(name), ['fsck', '--full', '--no-dangling', '--no-progress'])
      return undefined
    } catch (error) {
      if (error instanceof RegistryError || !(error instanceof Error)) throw error
      return error.message
    }
  }

  async listPacks(name: string): Promise<readonly PackFile[]> {
    return await listPackFiles(join(this.#dir(name), 'objects', 'pack'))
  }

  async push(name: string, wanted: Push): Promise<void> {
    await pushRefs(this.#processes, this.#dir(name), wanted)
  }

  async discard(name: string): Promise<void> {
    this.#known.delete(name)
    this.#suspect.delete(name)
    this.#doubtedAt.delete(name)
    const aside = this.#tmp()
    await mkdir(dirname(aside), { recursive: true, mode: 0o700 })
    try {
      await rename(this.#dir(name), aside)
    } catch (error) {
      if (isMissing(error)) return
      throw error
    }
    await rm(aside, { recursive: true, force: true })
  }

  async list(folder: string): Promise<string[]> {
    await this.#dropOldWork()
    const found: string[] = []
    for (const entry of await entriesOf(join(this.#root, ...folder.split('/')))) {
      const path = `${folder}/${entry}`
      if (entry.endsWith('.git')) found.push(path.slice(0, -'.git'.length))
      else found.push(...(await this.list(path)))
    }
    return found
  }

  async capabilities(name: string, protocol: GitProtocol): Promise<readonly string[]> {
    const known = this.#capabilities.get(protocol)
    if (known) return known
    const args = ['upload-pack', '--stateless-rpc', '--advertise-refs', this.#dir(name)]
    const text = (await this.#processes.run({ args, protocol })).toString('latin1')
    const found = protocol === 2 ? linesOfV2(text) : wordsOfV0(text)
    this.#capabilities.set(protocol, found)
    return found
  }

  async uploadPack(name: string, request: UploadPackRequest): Promise<ReadableStream<Uint8Array>> {
    const { protocol, body, signal } = request
    if (signal.aborted) throw clientLeft()
    const args = ['upload-pack', '--stateless-rpc', '--strict', this.#dir(name)]
    const running = await this.#processes.start({ args, protocol, input: body })
    return await uploadPackStream(running, signal, (stderr) => {
      this.#doubt(name)
      this.#log.warn({ repository: name, stderr }, 'git could not serve a repository')
    })
  }

  /** Clients choose a part of what git complains about, and looking into everything is dear. */
  #doubt(name: string): void {
    const at = Date.now()
    if (at - (this.#doubtedAt.get(name) ?? 0) < DOUBT_EVERY_MS) return
    if (this.#doubtedAt.size >= MAX_KNOWN) this.#doubtedAt.clear()
    this.#doubtedAt.set(name, at)
    this.#suspect.add(name)
  }

  #git(dir: string, args: readonly string[], input?: AsyncIterable<string | Uint8Array>) {
    return this.#processes.run({ args: [`--git-dir=${dir}`, ...args], ...(input && { input }) })
  }

  /** A new, empty repository that nobody knows of. */
  async #create(branch: string): Promise<string> {
    const dir = this.#tmp()
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const args = ['init', '--bare', '--quiet', '--template=', `--initial-branch=${branch}`, dir]
    await this.#processes.run({ args })
    return dir
  }

  /** Few packs and one file of refs, so that reading costs the same however it came about. */
  async #tidy(dir: string): Promise<void> {
    await this.#git(dir, ['pack-refs', '--all'])
    const packs = await entriesOf(join(dir, 'objects', 'pack'))
    if (packs.filter((file) => file.endsWith('.pack')).length <= MAX_PACKS) return
    await dropLeftovers(dir)
    // Geometric: joins small packs with small ones, and takes over what no ref names (yet) as well.
    await this.#git(dir, ['repack', '--geometric=2', '-d', '-q'])
  }

  async #place(dir: string, name: string): Promise<void> {
    const place = this.#dir(name)
    await mkdir(dirname(place), { recursive: true, mode: 0o700 })
    try {
      await rename(dir, place)
    } catch (error) {
      // Another process was faster, with the same.
      if (!isTaken(error)) throw error
      await rm(dir, { recursive: true, force: true })
    }
  }

  /** Throws unless everything is there that the refs lead to. */
  async #inspect(name: string, mark: string): Promise<GitRepository> {
    const dir = this.#dir(name)
    const known = this.#known.get(name)
    const packs = new Set(await this.#packs(name))
    const isOnlyMore = known?.packs.every((pack) => packs.has(pack))
    if (known && isOnlyMore && !this.#suspect.has(name)) {
      // Another process added to what was whole: only what is new is gone through.
      const old = [...new Set(known.repository.refs.values())].map((object) => `^${object}\n`)
      await this.#git(dir, ['rev-list', '--objects', '--quiet', '--all', '--stdin'], lines(old))
    } else {
      const depth = this.#suspect.has(name) ? '--full' : '--connectivity-only'
      await this.#git(dir, ['fsck', depth, '--no-dangling', '--no-progress'])
    }
    this.#suspect.delete(name)
    return await this.#note(name, mark)
  }

  async #packs(name: string): Promise<string[]> {
    return (await this.listPacks(name)).map(({ file }) => file)
  }

  async #note(name: string, mark: string): Promise<GitRepository> {
    const format = '--format=%(objectname) %(refname)'
    const text = (await this.#git(this.#dir(name), ['for-each-ref', format])).toString()
    const lines = text.split('\n').filter((line) => line !== '')
    const refs = new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]))
    const repository = { name, refs }
    this.#known.delete(name)
    this.#known.set(name, { repository, mark, packs: await this.#packs(name) })
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN) break
      this.#known.delete(oldest)
    }
    return repository
  }

  /** Changes whenever packs or refs come or go; nothing when there is no repository. */
  async #mark(name: string): Promise<string | undefined> {
    try {
      const dir = this.#dir(name)
      const [packs, head, ...refs] = await Promise.all([
        stat(join(dir, 'objects', 'pack'), { bigint: true }),
        stat(join(dir, 'HEAD'), { bigint: true }),
        markOf(join(dir, 'refs', 'heads')),
        markOf(join(dir, 'packed-refs')),
      ])
      return `${packs.ino} ${packs.mtimeNs} ${head.ino} ${head.size} ${refs.join(' ')}`
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  #dir(name: string): string {
    const isPlain = name.split('/').every((part) => /^[a-z0-9-]+$/.test(part))
    if (!isPlain) throw new Error(`not a name of a git repository: ${name.slice(0, 100)}`)
    return `${join(this.#root, ...name.split('/'))}.git`
  }

  #tmp(): string {
    return join(this.#root, 'tmp', randomUUID())
  }

  /** What processes that were killed left behind. */
  async #dropOldWork(): Promise<void> {
    for (const entry of await entriesOf(join(this.#root, 'tmp'))) {
      const path = join(this.#root, 'tmp', entry)
      const made = await stat(path).catch(() => undefined)
      if (made && Date.now() - made.mtimeMs > MAX_TMP_AGE_MS) {
        await rm(path, { recursive: true, force: true })
      }
    }
  }
}

async function* lines(texts: readonly string[]): AsyncGenerator<string> {
  yield texts.join('')
}

/** `version 2`, then one capability to a line. */
function linesOfV2(text: string): string[] {
  return [...text.matchAll(/[0-9a-f]{4}([^\n]+)\n/g)].map(([, line = '']) => line)
}

/** What follows the NUL of the first ref; what it says of that very repository is left out. */
function wordsOfV0(text: string): string[] {
  const words = /\0([^\n]*)\n/.exec(text)?.[1] ?? ''
  return words.split(' ').filter((word) => word !== '' && !word.startsWith('symref='))
}

import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { GitProcesses, type GitProcessOptions } from '#adapters/git-processes.ts'
import { withoutSecrets } from '#adapters/git-push.ts'
import { CliError } from '#cli/failure.ts'

/** An index in a folder of this machine. */
export interface OpenIndex {
  readonly folder: string
  /** Whether it came over the network: then it must not name files of this machine. */
  readonly isRemote: boolean
  /** Takes away what was made for it. */
  close(): Promise<void>
}

const REMOTE_URL = /^(?:https?|ssh|git):\/\/|^[\w.-]+@[\w.-]+:/
const BRANCH = /^\w[\w./-]*$/
const HINT =
  'give a folder, or the URL of a git repository; elba’s own form index+git+https://…#branch will do'

/**
 * Opens an index: a folder, or a git repository, of which the newest commit is fetched to a temporary
 * folder. Links in it stay text.
 */
export async function openIndex(source: string, git: GitProcessOptions): Promise<OpenIndex> {
  const plain = source.replace(/^index\+/, '').replace(/^(?:git|dir)\+/, '')
  if (plain.startsWith('tar+')) {
    throw new CliError('an index in an archive is not read', 'unpack it, and give its folder')
  }
  const hash = plain.indexOf('#')
  const [address, branch] =
    hash < 0 ? [plain, 'HEAD'] : [plain.slice(0, hash), plain.slice(hash + 1)]
  const isRemote = REMOTE_URL.test(address)
  if (isRemote || address.startsWith('file://')) {
    return { ...(await fetchIndex({ url: address, branch }, git)), isRemote }
  }
  const folder = resolve(plain)
  const isIndex = await isThere(join(folder, 'index.toml'))
  if (isIndex) return { folder, isRemote, close: async () => {} }
  const isRepository =
    (await isThere(join(address, 'HEAD'))) || (await isThere(join(address, '.git')))
  if (!isRepository) throw new CliError(`there is no index at ${source}`, HINT)
  return { ...(await fetchIndex({ url: resolve(address), branch }, git)), isRemote }
}

async function fetchIndex(
  { url, branch }: { url: string; branch: string },
  options: GitProcessOptions,
): Promise<Pick<OpenIndex, 'folder' | 'close'>> {
  if (!BRANCH.test(branch)) throw new CliError(`${branch} is no branch`, HINT)
  const root = await mkdtemp(join(tmpdir(), 'entrepot-index-'))
  const close = () => rm(root, { recursive: true, force: true })
  const folder = join(root, 'tree')
  // The URL as a setting: the list of processes would show it.
  const config = { 'remote.index.url': url, 'core.symlinks': 'false', 'core.autocrlf': 'false' }
  const git = new GitProcesses(options)
  const run = (...args: string[]) =>
    git.run({ args: [`--git-dir=${folder}/.git`, `--work-tree=${folder}`, ...args], config })
  try {
    await git.run({ args: ['init', '--quiet', '--template=', folder] })
    await run('fetch', '--quiet', '--depth=1', '--no-tags', 'index', branch)
    await run('checkout', '--quiet', '--force', '--detach', 'FETCH_HEAD')
    return { folder, close }
  } catch (error) {
    await close()
    const message = error instanceof Error ? withoutSecrets(error.message, url) : ''
    const why = message.slice(message.indexOf(': ') + 2).trim()
    const hint = 'is the address right? What needs a login, clone yourself, and give the folder'
    throw new CliError(`cannot fetch the index: ${why.split('\n')[0]}`, hint, error)
  }
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

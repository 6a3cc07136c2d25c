import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { systemActor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import { packet } from '#ecosystems/git-packets.ts'
import { newUser, type ServedRegistry, serveTestApp } from './served.ts'

/** What a git command left behind. */
export interface GitRun {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

/** Somebody's git: the real one, with a home of its own. */
export class GitHome {
  readonly dir: string

  private constructor(dir: string) {
    this.dir = dir
  }

  static async open(): Promise<GitHome> {
    return new GitHome(await mkdtemp(join(tmpdir(), 'entrepot-git-')))
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  /** Variables that keep git from this machine's settings; `settings` are git's own. */
  variables(settings: Readonly<Record<string, string>> = {}): Record<string, string> {
    const variables: Record<string, string> = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: this.dir,
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
    }
    const entries = Object.entries(settings)
    variables.GIT_CONFIG_COUNT = String(entries.length)
    for (const [at, [key, value]] of entries.entries()) {
      variables[`GIT_CONFIG_KEY_${at}`] = key
      variables[`GIT_CONFIG_VALUE_${at}`] = value
    }
    return variables
  }

  /** Runs git to its end, whatever that is. */
  try(...args: string[]): Promise<GitRun> {
    return this.#try(args, {})
  }

  /** The same as `run` for a git that knows only files, not the smart protocol. */
  async runDumb(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.#try(args, { GIT_SMART_HTTP: '0' })
    if (status === 0) return stdout.trim()
    throw new Error(`git ${args.join(' ')}: ${status}: ${stderr}`)
  }

  #try(args: readonly string[], more: Readonly<Record<string, string>>): Promise<GitRun> {
    const startedAt = performance.now()
    const env = { ...this.variables(), ...more }
    const options = { cwd: this.dir, env, maxBuffer: 64 * 1024 * 1024 }
    return new Promise((resolve) => {
      execFile('git', args, options, (error, stdout, stderr) => {
        const status = error ? (typeof error.code === 'number' ? error.code : -1) : 0
        resolve({ status, stdout, stderr, ms: performance.now() - startedAt })
      })
    })
  }

  /** Runs git and answers what it printed; it must end well. */
  async run(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.try(...args)
    if (status === 0) return stdout.trim()
    throw new Error(`git ${args.join(' ')}: ${status}: ${stderr}`)
  }

  close(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true })
  }
}

/** A Gren package's release as its bundle has it. */
export interface GrenRelease {
  readonly outline: Readonly<Record<string, unknown>>
  readonly sources: Readonly<Record<string, string>>
}

/** A package with one module that tells its version apart. */
export function grenRelease(
  name: string,
  version: string,
  dependencies: Readonly<Record<string, string>> = {},
): GrenRelease {
  return {
    outline: {
      type: 'package',
      platform: 'common',
      name,
      summary: 'Something for tests',
      license: 'MIT',
      version,
      'exposed-modules': ['Thing'],
      'gren-version': '0.6.0 <= v < 0.7.0',
      dependencies,
    },
    sources: { Thing: `module Thing exposing (version)\n\n\nversion = "${version}"\n` },
  }
}

/** The bundle as it is published and downloaded. */
export function grenBundle(release: GrenRelease): Buffer {
  return gzipSync(JSON.stringify(release))
}

const README = `# A package\n\n${'It is here to be fetched by git. '.repeat(12)}\n`

/** Publishes without HTTP, as the local operator: for tests of what comes after. */
export async function publishGren(app: App, release: GrenRelease): Promise<void> {
  const { name, version } = release.outline as { name: string; version: string }
  const [namespace = '', project = ''] = name.split('/')
  const bytes = grenBundle(release)
  const text = (role: string, content: string) => ({
    role,
    mediaType: 'text/plain',
    bytes: new Uint8Array(Buffer.from(content)),
  })
  await publishRelease(
    app,
    systemActor('cli'),
    { ecosystem: 'gren', namespace, name: project, key: project },
    {
      version,
      bytes,
      role: 'bundle',
      digest: digestOf(bytes),
      mediaType: 'application/gzip',
      kind: 'package',
      metadata: { outline: release.outline },
      files: [],
      attached: [text('readme', README), text('license', 'MIT\n')],
      tags: [],
      mustBeNew: true,
    },
  )
}

/** What `git clone` is called with where nobody reads what it says. */
export const CLONE = ['-c', 'advice.detachedHead=false', 'clone', '--quiet'] as const

/** A served registry with packages of the namespace acme, and somebody's git. */
export interface GitWorld {
  readonly registry: ServedRegistry
  readonly home: GitHome
  /** Admin of acme. */
  readonly owner: { readonly name: string; readonly secret: string; readonly basic: string }
  /** A new package with these versions; answers its name. */
  publish(...versions: string[]): Promise<string>
  /** Where its repository is. */
  urlOf(name: string): string
  /** What `git ls-remote --tags` lists. */
  listTags(name: string): Promise<string[]>
  close(): Promise<void>
}

/** Starts a registry. */
export async function openGitWorld(): Promise<GitWorld> {
  const registry = await serveTestApp()
  const owner = await newUser(registry.app, 'ann', { namespaces: ['acme'] })
  const home = await GitHome.open()
  let packages = 0
  const urlOf = (name: string) => `${registry.url}/gren/git/${name}.git`
  return {
    registry,
    home,
    owner,
    urlOf,
    async publish(...versions) {
      const name = `acme/p${++packages}`
      for (const version of versions) await publishGren(registry.app, grenRelease(name, version))
      return name
    },
    listTags: async (name) => tagsOf(await home.run('ls-remote', '--tags', urlOf(name))).sort(),
    async close() {
      await home.close()
      await registry.stop()
    },
  }
}

/** The tags in a list of refs. */
export function tagsOf(listed: string): string[] {
  return [...listed.matchAll(/refs\/tags\/(\S+)/g)].map(([, tag = '']) => tag)
}

/** Versions 1.0.0, 1.1.0 and so on. */
export function minorVersions(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `1.${n}.0`)
}

/** A request to a repository as git makes it. */
export function askGit(url: string, body: RequestInit['body'], headers = {}): Request {
  return new Request(`${url}/git-upload-pack`, {
    method: 'POST',
    body: body ?? null,
    headers: {
      'content-type': 'application/x-git-upload-pack-request',
      'git-protocol': 'version=2',
      ...headers,
    },
  })
}

/** The body that asks for a commit and all that it holds. */
export function wantBody(commit: string): string {
  const lines = [packet(`want ${commit}\n`), packet('done\n')]
  return `${packet('command=fetch')}0001${lines.join('')}0000`
}

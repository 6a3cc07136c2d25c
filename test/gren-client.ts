import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
const GREN = fileURLToPath(new URL('../node_modules/gren-lang/bin/compiler', import.meta.url))
const TIMEOUT_MS = 60_000

/** What the client left behind. */
interface GrenRun {
  readonly status: number | null
  /** Both of its outputs. */
  readonly said: string
}

/**
 * The released Gren client from npm, in a home of its own, with a project. It believes to speak to
 * GitHub; git's own settings send it to a registry instead. What compiles is a program that only
 * reads what it is told: the real one is not to be had here.
 */
export class GrenClient {
  readonly #dir: string
  readonly #registryUrl: string
  readonly #settings: Readonly<Record<string, string>>

  private constructor(dir: string, registryUrl: string, settings: Record<string, string>) {
    this.#dir = dir
    this.#registryUrl = registryUrl
    this.#settings = settings
  }

  /** A new home; `settings` are further ones of git, such as a credential. */
  static async open(
    registryUrl: string,
    settings: Record<string, string> = {},
  ): Promise<GrenClient> {
    const dir = await mkdtemp(join(tmpdir(), 'entrepot-gren-'))
    await mkdir(join(dir, 'project'))
    const backend = '#!/bin/sh\ncat > /dev/null\n'
    await writeFile(join(dir, 'backend'), backend, { mode: 0o755 })
    return new GrenClient(dir, registryUrl, settings)
  }

  /** Runs the client to its end; every question is answered with yes. */
  run(...args: string[]): Promise<GrenRun> {
    const options = { cwd: this.path('project'), env: this.#environment(), timeout: TIMEOUT_MS }
    const child = spawn(NODE, [GREN, ...args], options)
    let said = ''
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    }
    child.stdin.on('error', () => {})
    child.stdin.end('y\n')
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status) => resolve({ status, said }))
    })
  }

  path(name: string): string {
    return join(this.#dir, name)
  }

  /** The project's gren.json. */
  async readOutline(): Promise<{ dependencies: { direct: Record<string, string> } }> {
    return JSON.parse(await readFile(this.path('project/gren.json'), 'utf8'))
  }

  async writeOutline(outline: object): Promise<void> {
    await writeFile(this.path('project/gren.json'), JSON.stringify(outline))
  }

  /** The bundles that the project has. */
  async listBundles(): Promise<string[]> {
    return (await readdir(this.path('project/gren_packages'))).sort()
  }

  /** Forgets everything that was downloaded. */
  async forget(): Promise<void> {
    for (const name of ['cache', 'project/gren_packages']) {
      await rm(this.path(name), { recursive: true, force: true })
    }
  }

  close(): Promise<void> {
    return rm(this.#dir, { recursive: true, force: true })
  }

  #environment(): Record<string, string> {
    const settings = Object.entries({
      [`url.${this.#registryUrl}/gren/git/.insteadOf`]: 'https://github.com/',
      ...this.#settings,
    })
    const variables = settings.flatMap(([key, value], at) => [
      [`GIT_CONFIG_KEY_${at}`, key],
      [`GIT_CONFIG_VALUE_${at}`, value],
    ])
    return {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: this.#dir,
      XDG_CACHE_HOME: this.path('cache'),
      GREN_BIN: this.path('backend'),
      NO_COLOR: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_COUNT: String(settings.length),
      ...Object.fromEntries(variables),
    }
  }
}

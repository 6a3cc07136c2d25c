import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RegistryError } from '#core/errors.ts'

/** How git is run. */
export interface GitProcessOptions {
  /** The program: a name or a path. */
  readonly program: string
  /** Where it, and what it calls, is looked for. */
  readonly searchPath: string
  readonly maxProcesses: number
  /** How long one may take, all in all. */
  readonly maxSeconds: number
  /** How long a request waits for another one's place; 20 s when missing. */
  readonly maxWaitSeconds?: number
}

/** What is run. */
export interface GitCall {
  readonly args: readonly string[]
  readonly protocol?: number
  readonly input?: AsyncIterable<string | Uint8Array> | Uint8Array
  /** Settings of git for this call, which nobody sees in the list of processes. */
  readonly config?: Readonly<Record<string, string>>
}

/** How a process ended. */
export interface GitEnd {
  /** 0 is success; null when a signal ended it. */
  readonly code: number | null
  /** The last it said. */
  readonly stderr: string
}

/** A process under way. */
export interface RunningGit {
  readonly stdout: Readable
  readonly ended: Promise<GitEnd>
  kill(): void
}

const MAX_WAITING = 64
const MAX_WAIT_SECONDS = 20
const MAX_STDERR_CHARS = 4_000
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
/** Between asking a process to end and making it. */
const KILL_AFTER_MS = 2_000

/** Settings that every git here has, whoever owns the folder and whatever the machine says. */
const CONFIG: Readonly<Record<string, string>> = {
  'safe.directory': '*',
  'core.fsync': 'none',
  'core.hooksPath': '/dev/null',
  'fastimport.unpackLimit': '1',
  'gc.auto': '0',
  'pack.threads': '1',
  'pack.windowMemory': '64m',
  'uploadpack.allowFilter': 'true',
  // A repository holds nothing that its readers may not see; by id is how partial clones fetch.
  'uploadpack.allowAnySHA1InWant': 'true',
}

/** Runs git: so many at once and no more, others wait for a while; clean of the machine's settings. */
export class GitProcesses {
  readonly #options: GitProcessOptions
  readonly #waiting: Array<() => void> = []
  #running = 0

  constructor(options: GitProcessOptions) {
    this.#options = options
  }

  /** Runs to the end and answers what it printed; throws an Error with what it complained about. */
  async run(call: GitCall): Promise<Buffer> {
    const running = await this.start(call)
    const output = await readAll(running)
    const { code, stderr } = await running.ended
    if (code === 0) return output
    throw new Error(`git ${call.args.join(' ')}: ${stderr.trim() || `ended with ${code}`}`)
  }

  /** Starts a process as soon as there is room; throws `unavailable` when there is none for long. */
  async start(call: GitCall): Promise<RunningGit> {
    await this.#takePlace()
    try {
      const child = this.#spawn(call)
      const ended = this.#watch(child)
      // Who waits hears of it; who does not, need not.
      ended.catch(() => undefined)
      ended.then(
        () => this.#freePlace(),
        () => this.#freePlace(),
      )
      const kill = () => end(child)
      feed(child, call.input).catch((error: unknown) => {
        // A process that ended early says itself why; a source that failed must not look whole.
        if (isClosedPipe(error)) return
        child.emit('source-failed', error)
        kill()
      })
      return { stdout: child.stdout, ended, kill }
    } catch (error) {
      this.#freePlace()
      throw error
    }
  }

  #spawn({ args, protocol, config = {} }: GitCall): ChildProcessWithoutNullStreams {
    const { program, searchPath } = this.#options
    const env: Record<string, string> = {
      PATH: searchPath,
      HOME: '/nonexistent',
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      ...configVariables({ ...CONFIG, ...config }),
    }
    if (protocol) env.GIT_PROTOCOL = `version=${protocol}`
    return spawn(program, [...args], { env, stdio: 'pipe' })
  }

  #watch(child: ChildProcessWithoutNullStreams): Promise<GitEnd> {
    const { maxSeconds } = this.#options
    let stderr = ''
    let reason: unknown
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-MAX_STDERR_CHARS)
    })
    child.on('source-failed', (error) => {
      reason = error
    })
    return new Promise<GitEnd>((resolve, reject) => {
      const timer = setTimeout(() => {
        reason = unavailable(`git took more than ${maxSeconds} s`)
        end(child)
      }, maxSeconds * 1000)
      child.on('error', (error) => {
        clearTimeout(timer)
        reject(this.#explain(error))
      })
      child.on('close', (code) => {
        clearTimeout(timer)
        if (reason === undefined) resolve({ code, stderr })
        else reject(reason)
      })
    })
  }

  #explain(error: Error): Error {
    const isMissing = 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')
    if (!isMissing) return unavailable('git could not be started', error)
    return unavailable(`git is needed for this, and this machine has no ${this.#options.program}`)
  }

  async #takePlace(): Promise<void> {
    if (this.#running < this.#options.maxProcesses) {
      this.#running++
      return
    }
    if (this.#waiting.length >= MAX_WAITING) throw busy()
    const { maxWaitSeconds = MAX_WAIT_SECONDS } = this.#options
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(busy())
      }, maxWaitSeconds * 1000)
      this.#waiting.push(enter)
    })
  }

  /** The place goes to who waits longest. */
  #freePlace(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#running--
  }
}

async function readAll({ stdout, kill }: RunningGit): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of stdout) {
      bytes += chunk.length
      if (bytes > MAX_OUTPUT_BYTES) kill()
      else chunks.push(chunk)
    }
  } catch {
    // It was ended; how, its end tells.
  }
  return Buffer.concat(chunks)
}

async function feed(child: ChildProcessWithoutNullStreams, input: GitCall['input']): Promise<void> {
  const { stdin } = child
  stdin.on('error', () => undefined)
  if (input === undefined || input instanceof Uint8Array) stdin.end(input)
  else await pipeline(Readable.from(input, { objectMode: true }), stdin)
}

function isClosedPipe(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(
    String(error.code),
  )
}

/** Asked to end, git ends its own children too; what does not listen is made to. */
function end(child: ChildProcessWithoutNullStreams): void {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
  child.on('close', () => clearTimeout(timer))
  // Nobody reads on: what it still wants to say must not hold it.
  child.stdout.destroy()
}

function configVariables(config: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(config)
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(entries.length) }
  for (const [at, [key, value]] of entries.entries()) {
    variables[`GIT_CONFIG_KEY_${at}`] = key
    variables[`GIT_CONFIG_VALUE_${at}`] = value
  }
  return variables
}

function busy(): RegistryError {
  return unavailable('too many git requests at once: try again soon')
}

function unavailable(message: string, cause?: Error): RegistryError {
  return new RegistryError('unavailable', message, {
    retryAfterSeconds: 5,
    ...(cause && { cause }),
  })
}

import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where Debian's golang-golang-x-mod-dev puts the Go project's own verification code. */
const GOPATH = '/usr/share/gocode'
const SOURCE = join(import.meta.dirname, 'go', 'verify-log', 'main.go')

/** What test/go/verify-log left behind. */
interface Verdict {
  /** 0: all is right; 3: the log was caught lying. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** The verifier, built. */
export interface GoVerifier {
  /** A folder for what it remembers, and anything else. */
  readonly dir: string
  run(...parameters: string[]): Promise<Verdict>
  close(): Promise<void>
}

/** Why the verifier cannot run here; nothing when it can. */
export function missingGo(): string | undefined {
  if (!existsSync(join(GOPATH, 'src/golang.org/x/mod/sumdb'))) {
    return 'not installed: golang-golang-x-mod-dev'
  }
  try {
    execFileSync('go', ['version'])
    return undefined
  } catch {
    return 'not installed: golang-go'
  }
}

/** Builds the verifier, off-line. */
export async function buildGoVerifier(): Promise<GoVerifier> {
  const dir = await mkdtemp(join(tmpdir(), 'entrepot-go-'))
  const program = join(dir, 'verify-log')
  const env = { GO111MODULE: 'off', GOPATH, GOCACHE: join(dir, 'cache'), GOFLAGS: '' }
  const built = await execute('go', ['build', '-o', program, SOURCE], env)
  if (built.status !== 0) throw new Error(`go build failed:\n${built.stderr}`)
  return {
    dir,
    run: (...parameters) => execute(program, parameters, {}),
    close: () => rm(dir, { recursive: true, force: true }),
  }
}

function execute(
  program: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Verdict> {
  return new Promise((resolve) => {
    // biome-ignore lint/style/noProcessEnv: where this machine keeps its programs.
    const options = { env: { PATH: process.env.PATH, HOME: tmpdir(), ...env }, timeout: 60_000 }
    execFile(program, parameters, options, (error, stdout, stderr) => {
      const code = error ? error.code : 0
      resolve({ status: typeof code === 'number' ? code : -1, stdout, stderr })
    })
  })
}

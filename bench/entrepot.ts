import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Headers, repository } from './content.ts'
import { freePort, output, type Running, startServer } from './processes.ts'

/** Our server under measurement. */
export interface Entrepot extends Running {
  /** The secret that `token create` printed. */
  readonly pushToken: string
  /** Its SQLite file. */
  readonly databasePath: string
  /** What a client sends after `docker login`: a fresh Bearer token for the repository. */
  authorize(repository?: string): Promise<Headers>
}

const program = join(import.meta.dirname, '..', 'bin', 'entrepot')

/** Starts our server on an empty data directory, with a user, a token and the namespace `bench`. */
export async function startEntrepot(
  directory: string,
  core: number | undefined,
): Promise<Entrepot> {
  const port = await freePort()
  const data = join(directory, 'data')
  mkdirSync(data, { recursive: true })
  const settings = [
    `ENTREPOT_LISTEN=127.0.0.1:${port}`,
    `ENTREPOT_PUBLIC_URL=http://127.0.0.1:${port}`,
    `ENTREPOT_DATA=${data}`,
    'ENTREPOT_LOG_LEVEL=warn',
    // Anonymous pulls need public packages; a limit on writes would be all that the bench measures.
    'ENTREPOT_DEFAULT_VISIBILITY=public',
    'ENTREPOT_RATES_WRITE_AUTHENTICATED=0',
    // Ori's specification limits all requests: being refused is not what is measured.
    'ENTREPOT_RATES_ORI_READ_ANONYMOUS=0',
    'ENTREPOT_RATES_ORI_READ_AUTHENTICATED=0',
    'ENTREPOT_RATES_CREDENTIAL_ANONYMOUS=0',
    'ENTREPOT_RATES_CREDENTIAL_AUTHENTICATED=0',
  ]
  const entrepot = (...args: string[]) => ['env', ...settings, program, ...args]
  const running = await startServer({
    command: entrepot('serve'),
    port,
    readyPath: '/readyz',
    logFile: join(directory, 'log'),
    core,
  })
  try {
    await output(entrepot('user', 'create', 'bench', '--email', 'bench@example.org', '--operator'))
    await output(entrepot('namespace', 'create', 'bench', '--owner', 'bench'))
    const scopes = ['--scope', 'read,publish,admin']
    const pushToken = await output(entrepot('token', 'create', '--user', 'bench', ...scopes))
    const authorize = (name = repository) => fetchBearer(running.baseUrl, pushToken, name)
    return { ...running, pushToken, databasePath: join(data, 'entrepot.db'), authorize }
  } catch (error) {
    await running.stop()
    throw error
  }
}

/** The token flow of real clients: follow the challenge of /v2/ with Basic credentials. */
async function fetchBearer(baseUrl: string, secret: string, name: string): Promise<Headers> {
  const challenge = await fetch(`${baseUrl}/v2/`)
  const header = challenge.headers.get('www-authenticate') ?? ''
  const parameter = (key: string) => new RegExp(`${key}="([^"]*)"`).exec(header)?.[1]
  const url = new URL(parameter('realm') ?? '/token', baseUrl)
  url.searchParams.set('service', parameter('service') ?? new URL(baseUrl).host)
  url.searchParams.set('scope', `repository:${name}:pull,push`)
  const basic = Buffer.from(`bench:${secret}`).toString('base64')
  const response = await fetch(url, { headers: { authorization: `Basic ${basic}` } })
  const text = await response.text()
  if (!response.ok) throw new Error(`GET ${url.href}: ${response.status} ${text.slice(0, 300)}`)
  const granted: { token?: string; access_token?: string } = JSON.parse(text)
  return { authorization: `Bearer ${granted.token ?? granted.access_token}` }
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Content, manifestType } from './content.ts'
import { findProgram, freePort, type Running, startServer } from './processes.ts'

/** Starts Debian's docker-registry on an empty store; undefined when it is not installed. */
export async function startDockerRegistry(
  directory: string,
  core: number | undefined,
): Promise<Running | undefined> {
  const program = await findProgram('docker-registry')
  if (!program) return undefined
  const port = await freePort()
  const configFile = join(directory, 'config.yml')
  mkdirSync(directory, { recursive: true })
  writeFileSync(configFile, dockerRegistryConfig(directory, port))
  const logFile = join(directory, 'log')
  const command = [program, 'serve', configFile]
  return startServer({ command, port, readyPath: '/v2/', logFile, core })
}

/** nginx under measurement. */
export interface Nginx extends Running {
  /** Adds a file to what it serves. */
  serve(content: Content): void
}

/** Starts nginx with one worker over static files; undefined when it is not installed. */
export async function startNginx(
  directory: string,
  files: readonly Content[],
  core: number | undefined,
): Promise<Nginx | undefined> {
  const program = await findProgram('nginx')
  if (!program) return undefined
  const serve = ({ path, bytes }: Content) => {
    const file = join(directory, 'root', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
  for (const content of [...files, { path: '/ready', bytes: Buffer.from('ok') }]) serve(content)
  const port = await freePort()
  const configFile = join(directory, 'nginx.conf')
  const logFile = join(directory, 'error.log')
  writeFileSync(configFile, nginxConfig(directory, port))
  const command = [program, '-p', directory, '-c', configFile, '-e', logFile]
  return { ...(await startServer({ command, port, readyPath: '/ready', logFile, core })), serve }
}

/** As Debian ships it (descriptor cache in memory), without credentials and without access log. */
function dockerRegistryConfig(directory: string, port: number): string {
  return `version: 0.1
log:
  level: error
  accesslog:
    disabled: true
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: ${join(directory, 'storage')}
  delete:
    enabled: true
http:
  addr: 127.0.0.1:${port}
  secret: bench
`
}

/** Without `user root`, a worker started by root could not read the temporary directory. */
function nginxConfig(directory: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${join(directory, 'tmp', kind)};`)
    .join('\n')
  mkdirSync(join(directory, 'tmp'), { recursive: true })
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')};
events { worker_connections 1024; }
http {
${temporary}
  access_log off;
  sendfile on;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  types { }
  default_type ${manifestType};
  server {
    listen 127.0.0.1:${port};
    root ${join(directory, 'root')};
  }
}
`
}

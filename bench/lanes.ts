import { type Content, type Headers, type Image, manifestAccept } from './content.ts'
import type { Entrepot } from './entrepot.ts'
import type { GrenServed } from './gren.ts'
import { readCommand } from './load.ts'
import type { OriServed } from './ori.ts'
import type { Running } from './processes.ts'
import type { Seeded } from './seed.ts'

/** One server doing one thing, measured once per round. */
export interface Lane {
  readonly name: string
  readonly pid: number
  /** The load generator to run; asked anew each time, because tokens expire. */
  command(seconds: number): Promise<readonly string[]>
}

/** The same thing done by several servers. */
export interface Scenario {
  readonly title: string
  readonly lanes: readonly Lane[]
}

/** What runs during the bench; peers that are not installed are missing. */
export interface Servers {
  readonly dockerRegistry: Running | undefined
  readonly nginx: Running | undefined
  readonly entrepot: Entrepot | undefined
  readonly seeded?: Seeded | undefined
  readonly ori?: OriServed | undefined
  readonly gren?: GrenServed | undefined
  /** The file of a package in elba's index. */
  readonly elba?: Content | undefined
  readonly image: Image
}

/** Names of scenarios and lanes, by which the report finds what it compares. */
export const titles = {
  manifest: 'manifest by tag',
  blob: '1 MB blob',
  push: '10 KB blob push',
  depth: 'manifest among many',
  oriVersions: 'Ori list of 200 versions',
  oriDownload: 'Ori archive of 1 MB',
  oriPublish: 'Ori publish of 10 KB',
  versions: 'Gren list of 200 versions',
  latest: 'Gren latest for a compiler',
  bundle: 'Gren bundle of 122 KB',
  grenTags: 'Gren git ls-remote of 200 versions',
  grenClone: 'Gren git clone --depth 1',
  elbaFile: 'elba index file of 20 versions',
} as const
export const lanes = {
  dockerRegistry: 'docker-registry',
  nginx: 'nginx static',
  anonymous: 'entrepot, anonymous',
  bearer: 'entrepot, bearer',
  first: 'entrepot, the first',
  last: 'entrepot, the last',
  firstOnes: 'entrepot, random of the first 10,000',
  lastOnes: 'entrepot, random of the last 10,000',
  beforeSeed: 'entrepot, published before the many',
  afterSeed: 'entrepot, published after them',
  ours: 'entrepot',
  someVersions: 'entrepot, of 200 versions',
  manyVersions: 'entrepot, of 1,000 versions',
} as const

export const readConnections = 16
export const blobConnections = 8
export const pushClients = 16
export const clientHeaders = { 'User-Agent': 'containerd/1.7.24' }
export const manifestHeaders = { ...clientHeaders, Accept: manifestAccept }

/** A lane that reads one path, if there is such a server. */
export function readingLane(
  name: string,
  server: Running | undefined,
  { path, headers, connections }: { path: string; headers: Headers; connections: number },
): Lane[] {
  if (!server) return []
  const url = server.baseUrl + path
  return [
    { name, pid: server.pid, command: async (s) => readCommand({ url, headers, connections }, s) },
  ]
}

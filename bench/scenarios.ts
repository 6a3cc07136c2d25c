import { type Headers, type Image, manifestAccept } from './content.ts'
import type { Entrepot } from './entrepot.ts'
import { pushCommand, readCommand } from './load.ts'
import type { Running } from './processes.ts'
import type { Seeded } from './seed.ts'

/** One server doing one thing, measured once per round. */
interface Lane {
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
  readonly seeded: Seeded | undefined
  readonly image: Image
}

/** Names of scenarios and lanes, by which the report finds what it compares. */
export const titles = {
  manifest: 'manifest by tag',
  blob: '1 MB blob',
  push: '10 KB blob push',
  depth: 'manifest among many',
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
} as const

const readConnections = 16
const blobConnections = 8
const pushClients = 16
const clientHeaders = { 'User-Agent': 'containerd/1.7.24' }
const manifestHeaders = { ...clientHeaders, Accept: manifestAccept }

/** Everything that can be measured with the servers that run. */
export function createScenarios(servers: Servers): readonly Scenario[] {
  const { manifest, layer } = servers.image
  const reading =
    (path: string, headers: Headers, connections: number) =>
    (base: string) =>
    (own: Headers, seconds: number) =>
      readCommand({ url: base + path, headers: { ...headers, ...own }, connections }, seconds)
  const pushing = (baseUrl: string) => (own: Headers, seconds: number) =>
    pushCommand({ baseUrl, headers: { ...clientHeaders, ...own }, clients: pushClients }, seconds)
  const scenarios = [
    {
      title: titles.manifest,
      lanes: lanesOf(servers, reading(manifest.path, manifestHeaders, readConnections)),
    },
    {
      title: titles.blob,
      lanes: lanesOf(servers, reading(layer.path, clientHeaders, blobConnections)),
    },
    { title: titles.push, lanes: lanesOf(servers, pushing).filter(canPush) },
  ]
  const { entrepot, seeded } = servers
  return entrepot && seeded ? [...scenarios, depthScenario(entrepot, seeded)] : scenarios
}

type CommandFor = (baseUrl: string) => (own: Headers, seconds: number) => readonly string[]

/** The two peers, and ours without and with a token. */
function lanesOf(servers: Servers, commandFor: CommandFor): Lane[] {
  const { dockerRegistry, nginx, entrepot } = servers
  const lane = (name: string, server: Running | undefined, own: () => Promise<Headers>) => {
    if (!server) return []
    const command = commandFor(server.baseUrl)
    return [{ name, pid: server.pid, command: async (s: number) => command(await own(), s) }]
  }
  const nobody = async () => ({})
  return [
    ...lane(lanes.dockerRegistry, dockerRegistry, nobody),
    ...lane(lanes.nginx, nginx, nobody),
    ...lane(lanes.anonymous, entrepot, nobody),
    ...lane(lanes.bearer, entrepot, async () => (await entrepot?.authorize()) ?? {}),
  ]
}

/** nginx takes no push, and ours none without a token. */
function canPush(lane: Lane): boolean {
  return lane.name === lanes.dockerRegistry || lane.name === lanes.bearer
}

/**
 * One manifest over and over shows a hit in memory; a random one of many shows what a lookup costs
 * at either end of the table.
 */
function depthScenario(entrepot: Entrepot, { count, prefix, edge }: Seeded): Scenario {
  const lane = (name: string, first: number, last: number): Lane => ({
    name,
    pid: entrepot.pid,
    command: async (seconds) =>
      readCommand(
        {
          url: entrepot.baseUrl + prefix + first,
          headers: manifestHeaders,
          connections: readConnections,
          ...(last > first ? { range: { prefix, first, last } } : {}),
        },
        seconds,
      ),
  })
  return {
    title: titles.depth,
    lanes: [
      lane(lanes.first, 1, 1),
      lane(lanes.last, count, count),
      lane(lanes.firstOnes, 1, edge),
      lane(lanes.lastOnes, count - edge + 1, count),
    ],
  }
}

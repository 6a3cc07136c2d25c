import type { Headers } from './content.ts'
import type { Entrepot } from './entrepot.ts'
import { grenScenarios } from './gren-scenarios.ts'
import {
  blobConnections,
  clientHeaders,
  type Lane,
  lanes,
  manifestHeaders,
  pushClients,
  readConnections,
  readingLane,
  type Scenario,
  type Servers,
  titles,
} from './lanes.ts'
import { clientCommand, readCommand } from './load.ts'
import { oriScenarios } from './ori-scenarios.ts'
import type { Running } from './processes.ts'
import type { Seeded } from './seed.ts'

/** Everything that can be measured with the servers that run. */
export function createScenarios(servers: Servers): readonly Scenario[] {
  const { manifest, layer } = servers.image
  const reading =
    (path: string, headers: Headers, connections: number) =>
    (base: string) =>
    (own: Headers, seconds: number) =>
      readCommand({ url: base + path, headers: { ...headers, ...own }, connections }, seconds)
  const pushing = (baseUrl: string) => (own: Headers, seconds: number) => {
    const headers = { ...clientHeaders, ...own }
    return clientCommand('push-client.ts', { baseUrl, headers, clients: pushClients, seconds })
  }
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
  return [
    ...scenarios,
    ...(entrepot && seeded ? [depthScenario(entrepot, seeded)] : []),
    ...oriScenarios(servers),
    ...grenScenarios(servers),
    ...elbaScenarios(servers),
  ]
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

function elbaScenarios({ nginx, entrepot, elba }: Servers): Scenario[] {
  if (!entrepot || !elba) return []
  const read = { path: elba.path, headers: {}, connections: readConnections }
  return [
    {
      title: titles.elbaFile,
      lanes: [...readingLane(lanes.nginx, nginx, read), ...readingLane(lanes.ours, entrepot, read)],
    },
  ]
}

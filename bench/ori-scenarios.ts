import type { Entrepot } from './entrepot.ts'
import {
  blobConnections,
  type Lane,
  lanes,
  pushClients,
  readConnections,
  readingLane,
  type Scenario,
  type Servers,
  titles,
} from './lanes.ts'
import { clientCommand } from './load.ts'
import type { OriContent } from './ori.ts'

const headers = { 'User-Agent': 'ori/0.5.0' }

/** What is measured of Ori's protocol. */
export function oriScenarios({ dockerRegistry, nginx, entrepot, ori, image }: Servers): Scenario[] {
  if (!entrepot || !ori) return []
  const { early, late } = ori
  const blob = { headers, path: image.layer.path, connections: blobConnections }
  const list = (of: OriContent) => ({
    headers,
    path: of.versions.path,
    connections: readConnections,
  })
  const archive = { headers, path: early.archivePath, connections: blobConnections }
  return [
    {
      title: titles.oriVersions,
      lanes: [
        ...readingLane(lanes.nginx, nginx, list(early)),
        ...readingLane(lanes.beforeSeed, entrepot, list(early)),
        ...readingLane(lanes.afterSeed, entrepot, list(late)),
      ],
    },
    {
      title: titles.oriDownload,
      lanes: [
        ...readingLane(lanes.dockerRegistry, dockerRegistry, blob),
        ...readingLane(lanes.nginx, nginx, blob),
        ...readingLane(lanes.ours, entrepot, archive),
      ],
    },
    { title: titles.oriPublish, lanes: [publishing(entrepot)] },
  ]
}

function publishing({ baseUrl, pid, pushToken }: Entrepot): Lane {
  const own = { ...headers, authorization: `Bearer ${pushToken}` }
  return {
    name: lanes.ours,
    pid,
    command: async (seconds) =>
      clientCommand('publish-client.ts', { baseUrl, headers: own, clients: pushClients, seconds }),
  }
}

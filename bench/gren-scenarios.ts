import { asFileName, type GrenRepository } from './gren.ts'
import {
  blobConnections,
  type Lane,
  lanes,
  readConnections,
  readingLane,
  type Scenario,
  type Servers,
  titles,
} from './lanes.ts'
import { clientCommand } from './load.ts'
import type { Running } from './processes.ts'

const headers = { 'User-Agent': 'gren/0.6.3' }

/** What is measured of Gren's protocol. */
export function grenScenarios({ dockerRegistry, nginx, entrepot, gren }: Servers): Scenario[] {
  if (!entrepot || !gren) return []
  const list = { headers, connections: readConnections }
  const file = { headers, connections: blobConnections }
  return [
    ...(['versions', 'latest'] as const).map((what) => ({
      title: titles[what],
      lanes: [
        ...readingLane(lanes.nginx, nginx, { ...list, path: asFileName(gren[what].path) }),
        ...readingLane(lanes.ours, entrepot, { ...list, path: gren[what].path }),
      ],
    })),
    {
      title: titles.bundle,
      lanes: [
        ...readingLane(lanes.dockerRegistry, dockerRegistry, { ...file, path: gren.blob.path }),
        ...readingLane(lanes.nginx, nginx, { ...file, path: gren.bundle.path }),
        ...readingLane(lanes.ours, entrepot, { ...file, path: gren.bundle.path }),
      ],
    },
    {
      title: titles.grenTags,
      lanes: [
        gitLane(lanes.ours, entrepot, ['ls-remote', '--tags', urlOf(entrepot, gren.someVersions)]),
      ],
    },
    {
      title: titles.grenClone,
      lanes: [
        gitLane(lanes.someVersions, entrepot, cloneOf(entrepot, gren.someVersions)),
        gitLane(lanes.manyVersions, entrepot, cloneOf(entrepot, gren.manyVersions)),
      ],
    },
  ]
}

function cloneOf(server: Running, repository: GrenRepository): string[] {
  const branch = `1.0.${repository.count - 1}`
  return [
    'clone',
    '--quiet',
    '--branch',
    branch,
    '--depth',
    '1',
    urlOf(server, repository),
    'TARGET',
  ]
}

function urlOf({ baseUrl }: Running, { path }: GrenRepository): string {
  return baseUrl + path
}

function gitLane(name: string, { pid }: Running, args: readonly string[]): Lane {
  return {
    name,
    pid,
    command: async (seconds) => clientCommand('git-client.ts', { arguments: args, seconds }),
  }
}

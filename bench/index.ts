/**
 * What the index of elba costs at several sizes: a commit for one publish, and a clone by stock git
 * from a running server, at rest and while somebody publishes. Times are of the machine as it is.
 * index.ts [--sizes 1000,10000,50000,100000] [--commits 50] [--clones 5]
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openApp } from '../src/compose.ts'
import { environment, loadConfig } from '../src/config.ts'
import { systemActor } from '../src/core/access/actor.ts'
import type { App } from '../src/core/app.ts'
import { digestOf } from '../src/core/blobs/digest.ts'
import { change } from '../src/core/db/change.ts'
import { commitIndex } from '../src/core/index/commit-index.ts'
import { openIndexRepository } from '../src/core/index/index-repository.ts'
import { getIndexed } from '../src/core/index/index-state.ts'
import { rebuildIndex } from '../src/core/index/rebuild-index.ts'
import { publishRelease } from '../src/core/releases/publish-release.ts'
import { parseName } from '../src/ecosystems/elba/name.ts'
import { freePort } from './processes.ts'
import { quantile } from './statistics.ts'

const { values: flags } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,10000,50000,100000' },
    commits: { type: 'string', default: '50' },
    clones: { type: 'string', default: '5' },
    // The program itself as the publisher: publishes into this data directory until it is stopped.
    publish: { type: 'string' },
  },
})
const silent = () => {}
const log = { debug: silent, info: silent, warn: silent, error: silent }
const operator = systemActor('cli')
const releasesEach = 10
const packagesPerGroup = 50

if (flags.publish) await publishOn(flags.publish)
else for (const size of flags.sizes.split(',').map(Number)) await measure(size)
process.exit(0)

async function measure(releases: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'entrepot-bench-index-'))
  const env = { ENTREPOT_DATA: directory, ENTREPOT_LISTEN: `127.0.0.1:${await freePort()}` }
  try {
    const { app, close } = await open(env.ENTREPOT_DATA)
    await fill(app, releases / releasesEach)
    const filledAt = performance.now()
    await rebuildIndex(app, getIndexed(app, 'elba'))
    const seconds = (performance.now() - filledAt) / 1000
    print(`${releases} releases`, `index made in ${seconds.toFixed(1)} s`)
    print('  one publish', await commitTimes(app, Number(flags.commits)))
    await close()
    await cloneTimes(env)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function open(data: string) {
  const read = () => undefined
  const sources = { env: { ENTREPOT_DATA: data }, flags: {}, cwd: data, ecosystems: ['elba'] }
  return openApp(loadConfig({ ...sources, readFile: read }), log)
}

/** Publishes one release after the other, says so once, and ends with the process. */
async function publishOn(data: string): Promise<never> {
  const { app } = await open(data)
  for (let n = 0; ; n++) {
    await publish(app, `group-0/package-${n % packagesPerGroup}`, `3.0.${n}`)
    if (n === 0) print('publishing', data)
  }
}

/** Publishes one release at a time, and takes it into the index and the repository. */
async function commitTimes(app: App, count: number): Promise<string> {
  const elba = getIndexed(app, 'elba')
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    await publish(app, `group-0/package-${n % packagesPerGroup}`, `2.0.${n}`)
    const began = performance.now()
    await commitIndex(app, elba)
    await openIndexRepository(app, elba)
    times.push(performance.now() - began)
  }
  return `commit p50 ${ms(times, 0.5)}, p99 ${ms(times, 0.99)}`
}

async function publish(app: App, path: string, version: string): Promise<void> {
  const bytes = new TextEncoder().encode(`${path} ${version}`)
  const ref = { ecosystem: 'elba', ...parseName(path) }
  await publishRelease(app, operator, ref, {
    version,
    bytes,
    digest: digestOf(bytes, 'sha256'),
    mediaType: 'application/gzip',
    kind: '',
    metadata: { dependencies: [{ name: 'group-1/package-1', req: '>=1.0.0 <2.0.0' }] },
    files: [],
    tags: [],
  })
}

async function cloneTimes(env: {
  readonly ENTREPOT_DATA: string
  readonly ENTREPOT_LISTEN: string
}) {
  const program = join(import.meta.dirname, '..', 'bin', 'entrepot')
  const server = spawn(program, ['serve'], { env: { ...environment(), ...env }, stdio: 'ignore' })
  const base = `http://${env.ENTREPOT_LISTEN}`
  try {
    await untilReady(base)
    const clone = () => {
      const target = join(env.ENTREPOT_DATA, 'clone')
      const began = performance.now()
      execFileSync('git', ['clone', '--quiet', `${base}/elba/index.git`, target])
      const took = performance.now() - began
      rmSync(target, { recursive: true })
      return took
    }
    const some = () => Array.from({ length: Number(flags.clones) }, clone)
    const first = clone()
    print('  git clone', `first ${first.toFixed(0)} ms, then p50 ${ms(some(), 0.5)}`)
    // A second process on the same data, as a second node would be.
    const command = [import.meta.filename, '--publish', env.ENTREPOT_DATA]
    const publisher = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(publisher.stdout, 'data')
    const times = some()
    publisher.kill()
    await once(publisher, 'exit')
    print('  git clone, while publishing', `p50 ${ms(times, 0.5)}`)
  } finally {
    server.kill()
    await once(server, 'exit')
  }
}

async function untilReady(base: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetch(`${base}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the server does not start')
}

/** Writes groups, packages and releases as rows; the index is made of them afterwards. */
async function fill(app: App, packages: number): Promise<void> {
  const at = app.clock().getTime()
  for (let group = 0; group * packagesPerGroup < packages; group++) {
    const count = Math.min(packagesPerGroup, packages - group * packagesPerGroup)
    await change(app, async (tx) => {
      const labels = { consumerLabels: '{}', providerLabels: '{}', createdAt: at }
      const none = { maxBytes: null, maxPackages: null, maxProjects: null, usedBytes: 0 }
      const name = `group-${group}`
      const namespace = await tx
        .insertInto('namespaces')
        .values({ name, key: name, status: 'active', ...none, ...labels })
        .returning('id')
        .executeTakeFirstOrThrow()
      const project = await tx
        .insertInto('projects')
        .values({ namespaceId: namespace.id, name: 'elba', ...labels })
        .returning('id')
        .executeTakeFirstOrThrow()
      const rows = Array.from({ length: count }, (_, n) => ({
        ecosystem: 'elba',
        namespaceId: namespace.id,
        projectId: project.id,
        name: `package-${n}`,
        key: `package-${n}`,
        path: `${name}/package-${n}`,
        visibility: 'public' as const,
        immutableTags: 0 as const,
        contentType: '',
        labels: '{}',
        createdAt: at,
        updatedAt: at,
      }))
      const ids = await tx.insertInto('packages').values(rows).returning('id').execute()
      const metadata = { dependencies: [{ name: 'group-1/package-1', req: '>=1.0.0 <2.0.0' }] }
      const releases = ids.flatMap(({ id: packageId }) =>
        Array.from({ length: releasesEach }, (_, n) => ({
          packageId,
          version: `1.${n}.0`,
          digest: digestOf(new TextEncoder().encode(`${packageId} ${n}`), 'sha256'),
          mediaType: 'application/gzip',
          size: 1,
          kind: '',
          subject: null,
          metadata: JSON.stringify(metadata),
          yankedAt: null,
          createdAt: at,
          createdBy: 'bench',
        })),
      )
      await tx.insertInto('releases').values(releases).execute()
    })
  }
}

function ms(times: readonly number[], share: number): string {
  return `${quantile(times, share).toFixed(1)} ms`
}

function print(what: string, text: string): void {
  process.stdout.write(`${what.padEnd(30)} ${text}\n`)
}

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkServed, createImage, manifestAccept, pushImage } from './content.ts'
import { prepareCpuClock } from './cpu.ts'
import { publishElbaContent } from './elba.ts'
import { type Entrepot, startEntrepot } from './entrepot.ts'
import { asFileName, publishGrenContent } from './gren.ts'
import type { Scenario, Servers } from './lanes.ts'
import { measure, type Sample } from './load.ts'
import { describeMachine, isMemoryOnly } from './machine.ts'
import { publishOriContent } from './ori.ts'
import { startDockerRegistry, startNginx } from './peers.ts'
import { type Cores, chooseCores, findProgram, type Running } from './processes.ts'
import { toJson, toMarkdown } from './report.ts'
import { judge, type Results } from './requirements.ts'
import { createScenarios } from './scenarios.ts'
import { seed } from './seed.ts'

interface Plan {
  readonly rounds: number
  readonly seconds: number
  readonly seed: number
  readonly only: string | undefined
}

const usage = `bench: entrepot against docker-registry and nginx, in one interleaved run

  --quick          2 rounds of 1 s and 2,000 seeded manifests
  --rounds N       rounds to keep (5)
  --seconds N      seconds per server and round (3)
  --seed N         manifests to fill our server with first (1000000; 0 skips that comparison)
  --only WORD      only what has this word in its name, for example push
  --peers          only the peers, without our server
  --directory DIR  where data goes (the system's temporary directory)
  --json           every sample as JSON on stdout
`

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    peers: { type: 'boolean', default: false },
    directory: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const started: Running[] = []
const warnings: string[] = []

if (flags.help) process.stdout.write(usage)
else await main()

async function main(): Promise<void> {
  const directory = mkdtempSync(join(flags.directory, 'entrepot-bench-'))
  const interrupted = () => cleanUp(directory).then(() => process.exit(130))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    process.stdout.write(await bench(directory))
  } finally {
    await cleanUp(directory)
  }
}

async function bench(directory: string): Promise<string> {
  if (!(await findProgram('wrk'))) throw new Error('wrk is not installed: apt-get install wrk')
  await prepareCpuClock()
  const cores = await chooseCores()
  if (!cores)
    warn('NOT PINNED: fewer than two cores, or no taskset; server and load disturb each other')
  if (isMemoryOnly(directory)) warn(`${directory} is in memory: fsync is free, pushes mean nothing`)
  const facts = await describeMachine(directory, cores)
  const plan = readPlan()
  const servers = await startServers(directory, cores, plan)
  const results = await runRounds(createScenarios(servers), plan, cores)
  warnOfOthers(results)
  const { rounds, seconds } = plan
  const report = { facts, results, verdicts: judge(results), rounds, seconds, warnings }
  return `${flags.json ? toJson(report) : toMarkdown(report)}\n`
}

function readPlan(): Plan {
  const number = (text: string | undefined, normal: number) => {
    const value = Number(text ?? normal)
    if (Number.isInteger(value) && value >= 0) return value
    throw new Error(`not a whole number: ${text}`)
  }
  return {
    rounds: number(flags.rounds, flags.quick ? 2 : 5),
    seconds: number(flags.seconds, flags.quick ? 1 : 3),
    seed: number(flags.seed, flags.quick ? 2000 : 1_000_000),
    only: flags.only,
  }
}

async function startServers(
  directory: string,
  cores: Cores | undefined,
  plan: Plan,
): Promise<Servers> {
  const image = createImage()
  const place = (name: string) => {
    const path = join(directory, name)
    mkdirSync(path)
    return path
  }
  const core = cores?.server
  const dockerRegistry = keep(await startDockerRegistry(place('docker-registry'), core))
  const files = [image.manifest, ...image.blobs]
  const nginx = keep(await startNginx(place('nginx'), files, core))
  const entrepot = keep(flags.peers ? undefined : await startEntrepot(place('entrepot'), core))
  if (dockerRegistry) await pushImage(dockerRegistry.baseUrl, image, {})
  else
    warn(
      'docker-registry IS NOT INSTALLED: its ratios are skipped (apt-get install docker-registry)',
    )
  if (!nginx) warn('nginx IS NOT INSTALLED: its ratios are skipped (apt-get install nginx-light)')
  if (entrepot) await pushImage(entrepot.baseUrl, image, await entrepot.authorize())
  else warn('entrepot was left out')
  for (const server of started) {
    await checkServed(server.baseUrl, image.manifest, { accept: manifestAccept })
    await checkServed(server.baseUrl, image.layer, {})
  }
  const contents = entrepot && (await publishContents(entrepot, dockerRegistry, plan))
  for (const content of contents?.asFiles ?? []) nginx?.serve(content)
  return { image, dockerRegistry, nginx, entrepot, ...contents }
}

/** What the package protocols serve; the million manifests come between two halves of it. */
async function publishContents(
  entrepot: Entrepot,
  dockerRegistry: Running | undefined,
  { seed: count }: Plan,
) {
  const early = await publishOriContent(entrepot, 'early')
  const seeded = count > 0 ? await seed(entrepot, count, say) : undefined
  const late = await publishOriContent(entrepot, 'late')
  const gren = await publishGrenContent(entrepot, dockerRegistry, say)
  const elba = await publishElbaContent(entrepot)
  const { versions, latest, bundle } = gren
  const latestFile = { ...latest, path: asFileName(latest.path) }
  const asFiles = [early.versions, versions, latestFile, bundle, elba]
  return { seeded, ori: { early, late }, gren, elba, asFiles }
}

/** A B C, A B C, …: whatever disturbs the machine for a while disturbs everybody. */
async function runRounds(
  scenarios: readonly Scenario[],
  plan: Plan,
  cores: Cores | undefined,
): Promise<Results> {
  const wanted = scenarios.filter(({ title }) => title.includes(plan.only ?? ''))
  const results = new Map<string, Map<string, Sample[]>>()
  for (const { title, lanes } of wanted) {
    results.set(title, new Map(lanes.map(({ name }) => [name, []])))
  }
  for (let round = 0; round <= plan.rounds; round++) {
    for (const { title, lanes } of wanted) {
      for (const lane of lanes) {
        const command = await lane.command(plan.seconds)
        const sample = await measure(command, lane.pid, cores?.load)
        const label = round === 0 ? 'warm-up' : `round ${round} of ${plan.rounds}`
        const speed = Math.round(sample.perSecond)
        const cpu = sample.cpuMicrosPerRequest.toFixed(1)
        say(`${label}, ${title}, ${lane.name}: ${speed}/s, ${cpu} µs CPU`)
        if (round > 0) results.get(title)?.get(lane.name)?.push(sample)
      }
    }
  }
  return results
}

/** Pushes keep kernel threads busy with the disk; anything above a quarter of a core is a stranger. */
function warnOfOthers(results: Results): void {
  const samples = [...results.values()].flatMap((byLane) => [...byLane.values()].flat())
  const disturbed = samples.filter(({ othersBusy }) => othersBusy > 0.25).length
  if (disturbed === 0) return
  warn(`OTHER PROGRAMS used over 25 % of a core in ${disturbed} of ${samples.length} measurements`)
}

function keep<T extends Running | undefined>(server: T): T {
  if (server) started.push(server)
  return server
}

async function cleanUp(directory: string): Promise<void> {
  await Promise.all(started.splice(0).map((server) => server.stop()))
  if (existsSync(directory)) rmSync(directory, { recursive: true })
}

function warn(text: string): void {
  warnings.push(text)
  say(`!!! ${text}`)
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

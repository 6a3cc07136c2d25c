import { resolve } from 'node:path'
import { parse as parseToml, TomlError } from 'smol-toml'
import { type NamedSetting, namedSettings } from './settings.ts'
import { suggest } from './suggest.ts'

/** Everything that the configuration depends on. */
export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** As commander gives them: `--public-url` is `publicUrl`. Flags of no setting are ignored. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly cwd: string
  /** undefined when there is no such file. */
  readFile(path: string): string | undefined
  /** Ids of the ecosystems that are built in. */
  readonly ecosystems: readonly string[]
}

/** A setting with what its sources say; `text` is absent when none of them says anything. */
interface ResolvedSetting {
  readonly setting: NamedSetting
  readonly text?: string
  readonly value?: unknown
  /** For people: `--listen`, `ENTREPOT_LISTEN`, a path, `default`. */
  readonly source: string
}

/** What the sources say, and everything that is wrong with it. */
export interface Resolved {
  readonly settings: ReadonlyMap<string, ResolvedSetting>
  readonly problems: readonly string[]
}

interface Found {
  readonly text: string
  readonly source: string
}

interface ConfigFile {
  readonly path: string
  readonly texts: ReadonlyMap<string, string>
}

/** Read by the launcher, the tests and the client commands; not settings of the server. */
const FOREIGN = /^ENTREPOT_(RUNTIME|TOKEN|URL|TEST_.*)$/
/** What Kubernetes adds for services whose names begin with "entrepot". */
const KUBERNETES = /_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?$/

/** Asks flag, environment, secret file, configuration file and default for every setting. */
export function resolveSettings(sources: ConfigSources): Resolved {
  const table = namedSettings(sources.ecosystems)
  const problems: string[] = []
  const file = readConfigFile(sources, table, problems)
  const settings = new Map<string, ResolvedSetting>()
  for (const setting of table) {
    const found =
      fromFlag(setting, sources) ??
      fromEnvironment(setting, sources) ??
      fromSecretFile(setting, sources, problems) ??
      fromConfigFile(setting, file) ??
      fromDefault(setting)
    settings.set(setting.key, judge(setting, found, problems))
  }
  problems.push(...unknownKeys(file, table), ...unknownVariables(sources.env, table))
  // Derivation reads other settings, so these must be right.
  if (problems.length === 0) derive(settings, problems)
  return { settings, problems }
}

function fromFlag(setting: NamedSetting, { flags }: ConfigSources): Found | undefined {
  if (setting.flag === undefined) return undefined
  const text = flags[setting.flag.slice(2).replace(/-./g, (pair) => pair.slice(1).toUpperCase())]
  return typeof text === 'string' ? { text, source: setting.flag } : undefined
}

/** An empty variable is one that is not set: compose files and charts cannot leave one out. */
function fromEnvironment({ env: name }: NamedSetting, { env }: ConfigSources): Found | undefined {
  const text = env[name]
  return text ? { text, source: name } : undefined
}

function fromSecretFile(
  setting: NamedSetting,
  sources: ConfigSources,
  problems: string[],
): Found | undefined {
  const name = `${setting.env}_FILE`
  const rawPath = setting.mask && sources.env[name]
  if (!rawPath) return undefined
  const path = resolve(sources.cwd, rawPath)
  const text = readText(sources, path, (why) => problems.push(`${setting.key}: ${name}: ${why}`))
  // Editors and `echo` end a file with a line break that is not part of the secret.
  return text === undefined
    ? undefined
    : { text: text.replace(/\r?\n$/, ''), source: `${name} (${path})` }
}

function fromConfigFile({ key }: NamedSetting, file: ConfigFile | undefined): Found | undefined {
  const text = file?.texts.get(key)
  return file && text ? { text, source: file.path } : undefined
}

function fromDefault({ default: text }: NamedSetting): Found | undefined {
  return text === undefined ? undefined : { text, source: 'default' }
}

function judge(
  setting: NamedSetting,
  found: Found | undefined,
  problems: string[],
): ResolvedSetting {
  if (found === undefined) return { setting, source: 'default' }
  const value = setting.kind.parse(found.text)
  if (value === undefined) {
    const shown = setting.mask ? '•••' : quote(found.text)
    problems.push(
      `${setting.key}: ${shown} from ${found.source}: expected ${setting.kind.expected}`,
    )
  }
  return { setting, value, ...found }
}

function derive(settings: Map<string, ResolvedSetting>, problems: string[]): void {
  const text = (key: string) => settings.get(key)?.text ?? ''
  for (const { setting, text: given } of settings.values()) {
    if (given !== undefined || setting.derive === undefined) continue
    const found = { text: setting.derive(text), source: 'default' }
    settings.set(setting.key, judge(setting, found, problems))
  }
}

function readConfigFile(
  sources: ConfigSources,
  table: readonly NamedSetting[],
  problems: string[],
): ConfigFile | undefined {
  const setting = table.find(({ key }) => key === 'config')
  const named = setting && (fromFlag(setting, sources) ?? fromEnvironment(setting, sources))
  const path = resolve(sources.cwd, named?.text ?? 'entrepot.toml')
  const text = readText(sources, path, (why, missing) => {
    if (named || !missing) problems.push(`config: ${why}`)
  })
  if (text === undefined) return undefined
  try {
    return { path, texts: flatten(parseToml(text), table, problems) }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // Only the first line: those after it quote the file, secrets included.
    const why = error.message.split('\n', 1)[0]
    problems.push(`config: ${path}, line ${error.line}, column ${error.column}: ${why}`)
    return undefined
  }
}

/** Dotted keys and their texts. A value that is no text gets its problem here, and no text. */
function flatten(
  toml: object,
  table: readonly NamedSetting[],
  problems: string[],
): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  const visit = (tree: object, prefix: string) => {
    for (const [name, value] of Object.entries(tree)) {
      const key = prefix + name
      if (isTable(value)) {
        visit(value, `${key}.`)
        continue
      }
      const setting = table.find((known) => known.key === key)
      const text = toText(value, setting?.kind.list ?? false)
      texts.set(key, text ?? '')
      if (setting && text === undefined) {
        problems.push(
          `${key}: a value of the wrong type in the file: expected ${setting.kind.expected}`,
        )
      }
    }
  }
  visit(toml, '')
  return texts
}

/** A date is an object too, but has a class. */
function isTable(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function toText(value: unknown, list: boolean): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (!list || !Array.isArray(value)) return undefined
  return value.every((item) => typeof item === 'string') ? value.join(',') : undefined
}

function unknownKeys(file: ConfigFile | undefined, table: readonly NamedSetting[]): string[] {
  if (file === undefined) return []
  const known = table.filter(({ notInFile }) => !notInFile).map(({ key }) => key)
  return [...file.texts.keys()]
    .filter((key) => !known.includes(key))
    .map((key) => unknown(key, file.path, suggest(key, known)))
}

function unknownVariables(
  env: ConfigSources['env'],
  table: readonly NamedSetting[],
): readonly string[] {
  const known = table.flatMap(({ env: name, mask }) => (mask ? [name, `${name}_FILE`] : [name]))
  return Object.keys(env)
    .filter((name) => name.startsWith('ENTREPOT_') && !known.includes(name))
    .filter((name) => !FOREIGN.test(name) && !isFromKubernetes(name, env[name]))
    .map((name) => unknown(name, 'the environment', suggest(name, known)))
}

function isFromKubernetes(name: string, value: string | undefined): boolean {
  return (
    KUBERNETES.test(name) || (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value ?? ''))
  )
}

function unknown(name: string, where: string, meant: string | undefined): string {
  const hint = meant ? `did you mean ${meant}?` : '`entrepot config` lists the settings'
  return `${name}: no such setting (in ${where}): ${hint}`
}

function readText(
  sources: ConfigSources,
  path: string,
  complain: (why: string, missing: boolean) => void,
): string | undefined {
  try {
    const text = sources.readFile(path)
    if (text === undefined) complain(`there is no file ${path}`, true)
    return text
  } catch (error) {
    complain(`cannot read ${path}: ${error instanceof Error ? error.message : error}`, false)
    return undefined
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

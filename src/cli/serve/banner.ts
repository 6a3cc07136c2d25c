import type { SettingDescription } from '#config.ts'

/** What there is to say when the server is up. */
export interface Started {
  readonly version: string
  /** Where it listens. */
  readonly url: string
  /** Where clients see it. */
  readonly publicUrl: string
  readonly dataDir: string
  /** Without its password. */
  readonly database: string
  readonly migrated: readonly string[]
  /** Commands that make the first operator and a token; empty when there are users. */
  readonly firstCommands: readonly string[]
}

/** For the person who started the server. */
export function banner(started: Started): string {
  const { version, url, publicUrl, dataDir, database, migrated, firstCommands } = started
  const lines = [
    `Entrepot ${version} serves ${publicUrl}`,
    ...(url === publicUrl ? [] : [`  listens on  ${url}`]),
    `  data        ${dataDir}`,
    `  database    ${database} (${describe(migrated)})`,
  ]
  if (firstCommands.length > 0) {
    lines.push('', 'There is no user yet. These commands make the first operator, and a token:', '')
    lines.push(...firstCommands.map((command) => `  ${command}`), '')
  }
  return `${lines.join('\n')}\n`
}

/** The two commands that a new registry needs. */
export function firstCommands(program: string): string[] {
  return [
    `${program} user create ann --email ann@example.org --operator`,
    `${program} token create --user ann --scope read,publish,admin`,
  ]
}

/** The address of the database as it may be shown. */
export function shownDatabase(settings: readonly SettingDescription[]): string {
  return settings.find(({ key }) => key === 'database.url')?.value ?? ''
}

function describe(migrated: readonly string[]): string {
  return migrated.length === 0 ? 'up to date' : `migrated: ${migrated.join(', ')}`
}

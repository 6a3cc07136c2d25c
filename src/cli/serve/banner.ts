import { maskDatabaseUrl } from '#config/values.ts'
import type { Config } from '#config.ts'
import type { OwnCommand } from './own-command.ts'

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
  /** Where messages are written, while nobody delivers them. */
  readonly outbox: string | undefined
  readonly migrated: readonly string[]
  /** Commands that make the first operator and a token; empty when there are users. */
  readonly firstCommands: readonly string[]
  /** Variables that these commands need, too. */
  readonly variables: readonly string[]
}

/** For the person who started the server. */
export function banner(started: Started): string {
  const { version, url, publicUrl, dataDir, database, migrated, firstCommands, variables } = started
  const lines = [
    `Entrepot ${version} serves ${publicUrl}`,
    ...(url === publicUrl ? [] : [`  listens on  ${url}`]),
    `  data        ${dataDir}`,
    `  database    ${database} (${describe(migrated)})`,
    ...(started.outbox === undefined
      ? []
      : [`  mail        mail is not set up: messages are written to ${started.outbox}`]),
  ]
  if (firstCommands.length > 0) {
    lines.push('', 'There is no user yet. These commands make the first operator, and a token:', '')
    lines.push(...firstCommands.map((command) => `  ${command}`), '')
    for (const name of variables) lines.push(`with ${name} set as for the server`, '')
  }
  return `${lines.join('\n')}\n`
}

/** The two commands that a new registry needs. */
export function firstCommands({ program, flags }: OwnCommand): string[] {
  const on = flags.length === 0 ? '' : ` ${flags.join(' ')}`
  return [
    `${program} user create ann --email ann@example.org --operator${on}`,
    `${program} token create --user ann --scope read,publish,admin${on}`,
  ]
}

/** The database as it may be shown. */
export function shownDatabase({ database }: Config): string {
  return database.kind === 'sqlite' ? `sqlite:${database.path}` : maskDatabaseUrl(database.url)
}

function describe(migrated: readonly string[]): string {
  return migrated.length === 0 ? 'up to date' : `migrated: ${migrated.join(', ')}`
}

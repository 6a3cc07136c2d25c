import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { SettingDescription } from '#config.ts'

/** How to call this very program from here, on the data that the given settings name. */
export interface OwnCommand {
  readonly program: string
  readonly flags: readonly string[]
  /** Variables with secrets that the command needs as well, by name. */
  readonly variables: readonly string[]
}

/** Settings that say which data is meant, and so must be repeated by the commands that use it. */
const DATA_SETTINGS: Readonly<Record<string, { flag: string; variable: string }>> = {
  config: { flag: '--config', variable: 'ENTREPOT_CONFIG' },
  data: { flag: '--data', variable: 'ENTREPOT_DATA' },
  blobs: { flag: '--blobs', variable: 'ENTREPOT_BLOBS' },
  'database.url': { flag: '--database-url', variable: 'ENTREPOT_DATABASE_URL' },
}

/** Repeats what was said by flag or variable; the file and the defaults say the same again. */
export function ownCommand(settings: readonly SettingDescription[], cwd: string): OwnCommand {
  const flags: string[] = []
  const variables: string[] = []
  for (const { key, value, source } of settings) {
    const names = DATA_SETTINGS[key]
    const wasSaid = source.startsWith('--') || source.startsWith('ENTREPOT_')
    if (names === undefined || value === undefined || !wasSaid) continue
    if (value.includes('•')) variables.push(names.variable)
    else flags.push(names.flag, shellWord(value))
  }
  return { program: shellWord(programPath(cwd)), flags, variables }
}

/** In the single executable there is no launcher: then it is the executable. */
function programPath(cwd: string): string {
  const launcher = join(import.meta.dirname, '..', '..', '..', 'bin', 'entrepot')
  const path = existsSync(launcher) ? launcher : process.execPath
  const fromHere = relative(cwd, path)
  return fromHere.startsWith('..') ? path : `.${sep}${fromHere}`
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

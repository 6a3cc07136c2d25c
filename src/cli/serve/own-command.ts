import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { SettingDescription } from '#config.ts'

/** Settings that say which data is meant, and so must be repeated by the commands that use it. */
const DATA_SETTINGS: Readonly<Record<string, string>> = {
  config: '--config',
  data: '--data',
  'database.url': '--database-url',
  blobs: '--blobs',
}

/** How to call this very program from here, on the data that these settings name. */
export function ownCommand(settings: readonly SettingDescription[], cwd: string): string {
  return [shellWord(programPath(cwd)), ...dataFlags(settings)].join(' ')
}

function dataFlags(settings: readonly SettingDescription[]): string[] {
  const flags: string[] = []
  for (const { key, value, source } of settings) {
    const flag = DATA_SETTINGS[key]
    const isElsewhere = source.startsWith('--') || source.startsWith('ENTREPOT_')
    // A masked secret cannot be repeated: the next command finds it in the environment, too.
    if (flag === undefined || value === undefined || !isElsewhere || value.includes('•')) continue
    flags.push(flag, shellWord(value))
  }
  return flags
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

import { type Command, Option } from 'commander'
import { type NamedSetting, namedSettings } from '#config/settings.ts'
import type { ConfigSources } from '#config/sources.ts'
import { processSources } from '#config.ts'
import { ecosystems } from '#ecosystems/index.ts'

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  config: 'FILE',
  listen: 'HOST:PORT',
  data: 'DIR',
  blobs: 'DIR',
  'log.level': 'LEVEL',
}

/** The options for settings, one for each that has a flag. */
export function settingsOptions(): Option[] {
  return namedSettings([])
    .filter(({ flag }) => flag !== undefined)
    .map((setting) => {
      const flags = `${setting.flag} <${PLACEHOLDERS[setting.key] ?? 'URL'}>`
      return new Option(flags, describe(setting)).helpGroup('Settings:')
    })
}

/** Where the settings of a command come from. */
export function sourcesOf(command: Command): ConfigSources {
  return processSources(
    command.optsWithGlobals(),
    ecosystems.map(({ id }) => id),
  )
}

/** No default for commander to know: a flag that nobody gave must not win over the environment. */
function describe({ doc, default: text, unset, env }: NamedSetting): string {
  return `${doc.replace(/\.$/, '')} (default: ${text ?? unset?.replaceAll('`', '')}; ${env})`
}

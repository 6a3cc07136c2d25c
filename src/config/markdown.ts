import { type NamedSetting, namedSettings } from './settings.ts'

const INTRODUCTION = `# Configuration

Generated from \`src/config/settings.ts\` by \`scripts/docs.ts\`; do not edit.

No setting is required. Each may be given, the first that says something wins:

1. as a flag of \`entrepot\` (only where the table names one),
2. as an environment variable; an empty one counts as not set,
3. for secrets: as a file whose path is in the variable with \`_FILE\` after its name,
4. in \`entrepot.toml\` in the working directory, or the file named by \`--config\` or \`ENTREPOT_CONFIG\`,
5. by its default.

Sizes are written \`4096\`, \`10MB\` (decimal) or \`4 MiB\` (binary); durations \`30s\`, \`15m\`, \`12h\`, \`90d\`; lists
with commas, in the file also as arrays of text. Relative paths start at the working directory.
The server does not start with a wrong value or an unknown name; it lists all that is wrong. \`entrepot config\` shows
every setting, its value and where it came from, secrets masked.

\`\`\`toml
public_url = "https://registry.example.org"
data = "/var/lib/entrepot"
trusted_proxies = ["127.0.0.1"]

[database]
url = "postgres://entrepot@localhost/entrepot"

[hosts]
oci = ["oci.example.org"]

[rates.oci.read]
anonymous = 6000
\`\`\`
`

const HEAD =
  '| in the file | variable and flag | value | default | meaning |\n|---|---|---|---|---|'

/** The page about every setting. */
export function configurationMarkdown(): string {
  const groups = Map.groupBy(namedSettings(['<ecosystem>']), group)
  const sections = [...groups].map(
    ([title, settings]) => `## ${title}\n\n${HEAD}\n${settings.map(row).join('\n')}\n`,
  )
  return [INTRODUCTION, ...sections].join('\n')
}

function group({ key }: NamedSetting): string {
  return key.includes('.') ? `[${key.slice(0, key.indexOf('.'))}]` : 'General'
}

function row(setting: NamedSetting): string {
  const { key, env, mask, flag, kind, doc } = setting
  const names = [env, mask && `${env}_FILE`, flag].filter((name) => name !== undefined)
  const cells = [
    setting.notInFile ? '–' : `\`${key}\``,
    names.map((name) => `\`${name}\``).join('<br>'),
    kind.expected,
    setting.default === undefined ? (setting.unset ?? '') : `\`${setting.default}\``,
    doc,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

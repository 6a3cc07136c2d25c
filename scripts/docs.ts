import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cliMarkdown } from '#cli/markdown.ts'
import { configurationMarkdown } from '#config/markdown.ts'
import { openApiJson } from '#http/api/open-api.ts'

interface GeneratedDocument {
  /** In the repository. */
  readonly path: string
  render(): string | Promise<string>
}

/** Every document that is made of the code. */
const DOCUMENTS: readonly GeneratedDocument[] = [
  { path: 'docs/configuration.md', render: configurationMarkdown },
  { path: 'docs/cli.md', render: cliMarkdown },
  { path: 'docs/openapi.json', render: openApiJson },
]

const root = dirname(import.meta.dirname)
const check = process.argv.includes('--check')
const stale: string[] = []

for (const { path, render } of DOCUMENTS) {
  const file = join(root, path)
  const text = await render()
  if (read(file) === text) continue
  stale.push(path)
  if (check) continue
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

if (check && stale.length > 0) {
  process.stderr.write(`Stale: ${stale.join(', ')}. Write them anew with: bun scripts/docs.ts\n`)
  process.exitCode = 1
} else {
  const written = stale.length > 0 ? `wrote ${stale.join(', ')}` : 'all fresh'
  process.stdout.write(`Generated documents (${DOCUMENTS.length}): ${written}\n`)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

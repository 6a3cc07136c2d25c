import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { moduleSource } from './gren-packages.ts'
import { readMessage } from './read-message.ts'

/** A package's folder to be; what is left out is ordinary. */
export interface FolderDraft {
  readonly name: string
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  /** More of gren.json, or others instead. */
  readonly outline?: Readonly<Record<string, unknown>>
  /** More files, or others instead; undefined takes one away. */
  readonly files?: Readonly<Record<string, string | undefined>>
}

const README = `# A package\n\n${'It does what it says, and says what it does. '.repeat(8)}\n`

/** Writes the folder of a package that can be published. */
export async function writePackage(folder: string, draft: FolderDraft): Promise<void> {
  const outline = {
    type: 'package',
    platform: 'common',
    name: draft.name,
    summary: 'Something for tests',
    license: 'MIT',
    version: draft.version ?? '1.0.0',
    'exposed-modules': ['Thing'],
    'gren-version': '0.6.0 <= v < 0.7.0',
    dependencies: draft.dependencies ?? {},
    ...draft.outline,
  }
  await writeFiles(folder, {
    'gren.json': JSON.stringify(outline, null, 4),
    'README.md': README,
    LICENSE: 'MIT License\n',
    'src/Thing.gren': moduleSource('Thing', `${draft.name} ${outline.version}`),
    ...draft.files,
  })
}

/** Writes the folder of an application. */
export async function writeApplication(
  folder: string,
  direct: Readonly<Record<string, string>>,
  indirect: Readonly<Record<string, string>> = {},
): Promise<void> {
  const outline = {
    type: 'application',
    platform: 'node',
    'source-directories': ['src'],
    'gren-version': '0.6.3',
    dependencies: { direct, indirect },
  }
  await writeFiles(folder, {
    'gren.json': JSON.stringify(outline, null, 4),
    'src/Main.gren': moduleSource('Main'),
  })
}

async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    if (text === undefined) continue
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** What the newest mail to somebody has in place of the group, once there are so many such mails. */
export async function awaitMail(
  outbox: string,
  { to, pattern, count = 1 }: { to: string; pattern: RegExp; count?: number },
): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const names = await readdir(outbox).catch(() => [])
    const files = names.filter((name) => name.endsWith('.eml')).sort()
    const texts = await Promise.all(files.map((name) => readFile(join(outbox, name), 'utf8')))
    const found = texts
      .map(readMessage)
      .filter(({ headers }) => headers.get('to') === to)
      .flatMap(({ text }) => pattern.exec(text)?.[1] ?? [])
    if (found.length >= count) return found.at(-1) ?? ''
    await sleep(25)
  }
  return assert.fail(`there are no ${count} mails to ${to} like ${pattern} in ${outbox}`)
}

import { parse, TomlError } from 'smol-toml'
import parseSpdx from 'spdx-expression-parse'
import { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import { hasPreReleaseBound, parseConstraint, printConstraint } from './constraint.ts'
import { readName } from './name.ts'
import { subPath } from './sub-path.ts'
import { readVersion } from './version.ts'

/** Where a package says what it is; in any case of letters. */
export const MANIFEST_FILE = 'elba.toml'

const MAX_DESCRIPTION_BYTES = 244
const MAX_LICENSE_CHARS = 64
const MAX_KEYWORDS = 5
const MAX_DEPENDENCIES = 1_000
const MAX_SHOWN_PROBLEMS = 5

/** What a package needs of another one. */
export interface Requirement {
  /** The name, as it was written. */
  readonly name: string
  /** The constraint, as it is printed. */
  readonly req: string
}

/** What the registry keeps of a manifest. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly authors: readonly string[]
  readonly description: string | null
  readonly homepage: string | null
  readonly repository: string | null
  readonly license: string | null
  readonly keywords: readonly string[]
  /** The file that is the readme, where the manifest says so. */
  readonly readme: string | null
  readonly dependencies: readonly Requirement[]
}

const text = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .refine((value) => value.isWellFormed() && !/(?![\t\n\r])\p{Cc}/u.test(value), {
      error: 'has characters that are no text',
    })
const texts = (maxItems: number, maxChars: number) => z.array(text(maxChars)).max(maxItems)
const path = text(500).transform((raw, c) => {
  const read = subPath(raw)
  if (read !== undefined) return read
  c.addIssue({ code: 'custom', message: 'must be a relative path without ..' })
  return z.NEVER
})
const name = text(200).refine((raw) => readName(raw) !== undefined, {
  error: ({ input }) => `${shown(input)} is no name: group/name, of letters, digits, _ and -`,
})
const version = text(64).refine((raw) => readVersion(raw) !== undefined, {
  error: ({ input }) => `${shown(input)} is no version by Semantic Versioning 2.0.0`,
})
const license = text(MAX_LICENSE_CHARS).refine(isSpdx, {
  error: ({ input }) => `${shown(input)} is no SPDX expression`,
})
const description = text(1000).refine((raw) => Buffer.byteLength(raw) <= MAX_DESCRIPTION_BYTES, {
  error: `may have ${MAX_DESCRIPTION_BYTES} bytes`,
})
const keyword = text(64).regex(/^\S+$/, 'must not be blank, nor have spaces in it')
const constraint = text(1000).transform((raw, c) => {
  const parsed = parseConstraint(raw)
  if (typeof parsed !== 'string') return parsed
  c.addIssue({ code: 'custom', message: parsed })
  return z.NEVER
})

const about = z.strictObject({
  name,
  version,
  authors: texts(100, 200),
  description: description.optional(),
  homepage: text(500).optional(),
  repository: text(500).optional(),
  readme: path.optional(),
  license: license.optional(),
  keywords: z.array(keyword).max(MAX_KEYWORDS).default([]),
  exclude: texts(1000, 500).optional(),
  build: path.optional(),
})

/** What can be resolved by everybody: a version from this index. */
const published = z.unknown().transform((raw, c) => {
  if (typeof raw === 'object' && raw !== null) {
    const message =
      'a published package can only depend on packages of this registry: "name" = "1.0"'
    c.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  const parsed = constraint.safeParse(raw)
  if (!parsed.success) {
    for (const { message } of parsed.error.issues) c.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (!hasPreReleaseBound(parsed.data)) return printConstraint(parsed.data)
  const message = `${shown(raw)} has a pre-release as a bound, which elba cannot read back: write >=!1.0.0 or <!1.0.0, which admit pre-releases of the bound`
  c.addIssue({ code: 'custom', message })
  return z.NEVER
})

/** Never stored: the forms are checked, as the client would. */
const local = z.union([
  constraint,
  z.strictObject({ version: constraint, index: text(1000) }),
  z.strictObject({ path: text(1000) }),
  z.strictObject({ git: text(1000), tag: text(200).optional() }),
])

const options = texts(100, 500).optional()
const file = z.strictObject({
  package: about,
  dependencies: z.record(name, published).default({}),
  dev_dependencies: z.record(name, local).default({}),
  targets: z
    .strictObject({
      lib: z
        .strictObject({ path: path.optional(), mods: texts(10_000, 500), idris_opts: options })
        .optional(),
      bin: z
        .array(
          z.strictObject({
            name: text(200),
            path: path.optional(),
            main: text(500),
            idris_opts: options,
          }),
        )
        .max(1000)
        .optional(),
      test: z
        .array(
          z.strictObject({
            name: text(200).optional(),
            path: path.optional(),
            main: text(500),
            idris_opts: options,
          }),
        )
        .max(1000)
        .optional(),
    })
    .optional(),
  workspace: z.record(name, path).default({}),
  scripts: z.record(text(200), text(10_000)).default({}),
})

/**
 * What other registries of elba took, where it matters for a package that is there already: its bot had
 * no rules for the description, the license and keywords, and clients before 0.3.2 none for keys.
 */
const oldFile = z.object({
  package: z.object({
    name,
    version,
    authors: texts(100, 200).default([]),
    description: text(10_000).optional(),
    homepage: text(500).optional(),
    repository: text(500).optional(),
    readme: path.optional(),
    license: text(500).optional(),
    keywords: texts(100, 200).default([]),
  }),
  dependencies: z.record(name, published).default({}),
})

/** Reads a manifest and checks it against every rule that needs nothing else to be known. */
export function readManifest(source: string): Manifest {
  return readFile(source, file)
}

/** The same of a package that another registry took, by what all of them had in common. */
export function readOldManifest(source: string): Manifest {
  return readFile(source, oldFile)
}

function readFile(source: string, schema: typeof file | typeof oldFile): Manifest {
  const parsed = schema.safeParse(parseToml(source))
  if (!parsed.success) throw refuseManifest(parsed.error.issues.map(explain))
  const { package: about, dependencies } = parsed.data
  const requirements = Object.entries(dependencies).map(([name, req]) => ({ name, req }))
  checkDependencies(requirements)
  return {
    name: about.name,
    version: about.version,
    authors: about.authors,
    description: about.description ?? null,
    homepage: about.homepage ?? null,
    repository: about.repository ?? null,
    license: about.license ?? null,
    keywords: about.keywords,
    readme: about.readme ?? null,
    dependencies: requirements,
  }
}

/** What is thrown for a manifest that breaks rules. */
export function refuseManifest(problems: readonly string[]): RegistryError {
  const some = problems.slice(0, MAX_SHOWN_PROBLEMS).join('; ')
  const rest = problems.length - MAX_SHOWN_PROBLEMS
  const more = rest > 0 ? ` (and ${rest} more)` : ''
  return new RegistryError('manifest_invalid', `${MANIFEST_FILE}: ${some}${more}`)
}

function checkDependencies(requirements: readonly Requirement[]): void {
  if (requirements.length > MAX_DEPENDENCIES) {
    throw refuseManifest([`dependencies: at most ${MAX_DEPENDENCIES}`])
  }
  const spellings = new Map<string, string>()
  for (const { name } of requirements) {
    const key = name.toLowerCase().replaceAll('_', '-')
    const other = spellings.get(key)
    if (other !== undefined) {
      throw refuseManifest([`dependencies: ${other} and ${name} are the same package`])
    }
    spellings.set(key, name)
  }
}

function parseToml(source: string): unknown {
  try {
    return parse(source)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // The message goes on with an excerpt of several lines.
    const why = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '')
    throw refuseManifest([`line ${error.line}: ${why}`])
  }
}

function explain(issue: z.core.$ZodIssue): string {
  const { code, path: keys } = issue
  const place = keys.map((key) => String(key).slice(0, 150)).join('.') || 'the file'
  if (code === 'unrecognized_keys') {
    return `${place}: ${issue.keys.slice(0, 5).map(shown).join(', ')} is not known here`
  }
  // What is wrong with a key is said inside.
  const inner = code === 'invalid_key' ? issue.issues[0]?.message : undefined
  return `${place}: ${inner ?? issue.message}`
}

function isSpdx(raw: string): boolean {
  try {
    parseSpdx(raw)
    return true
  } catch {
    return false
  }
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 120)
}

import { gzipSync } from 'node:zlib'

/** A Gren package to be; what is left out is ordinary. */
export interface GrenDraft {
  readonly name: string
  readonly version: string
  readonly platform?: 'common' | 'browser' | 'node'
  readonly summary?: string
  readonly license?: string
  /** Modules, or headings with modules; `Main` when missing. */
  readonly exposed?: readonly string[] | Readonly<Record<string, readonly string[]>>
  readonly grenVersion?: string
  /** Name → range. */
  readonly dependencies?: Readonly<Record<string, string>>
  readonly isPrivate?: boolean
  /** More modules, or others instead; undefined takes one away. */
  readonly sources?: Readonly<Record<string, string | undefined>>
  /** More of the outline, or others instead; undefined takes a key away. */
  readonly outline?: Readonly<Record<string, unknown>>
  /** More top-level keys: readme, license, docs, changelog. */
  readonly extras?: Readonly<Record<string, unknown>>
}

/** A range that begins with a version and ends before its next major. */
export function rangeFrom(version: string): string {
  return `${version} <= v < ${Number(version.split('.')[0]) + 1}.0.0`
}

/** gren.json of a draft, in the order in which the compiler writes it. */
export function makeOutline(draft: GrenDraft): Record<string, unknown> {
  return {
    type: 'package',
    platform: draft.platform ?? 'common',
    name: draft.name,
    summary: draft.summary ?? `The ${draft.name} package`,
    license: draft.license ?? 'BSD-3-Clause',
    version: draft.version,
    'exposed-modules': draft.exposed ?? ['Main'],
    'gren-version': draft.grenVersion ?? '0.6.0 <= v < 0.7.0',
    dependencies: draft.dependencies ?? {},
    ...(draft.isPrivate && { private: true }),
    ...draft.outline,
  }
}

/** The bundle of a draft: the same bytes for the same draft. */
export function makeBundle(draft: GrenDraft): Uint8Array {
  return packBundle({ outline: makeOutline(draft), sources: sourcesOf(draft), ...draft.extras })
}

/** Anything as a bundle: text and bytes as they are, all else as JSON. */
export function packBundle(content: unknown): Uint8Array {
  const isPlain = typeof content === 'string' || content instanceof Uint8Array
  return new Uint8Array(gzipSync(isPlain ? content : JSON.stringify(content)))
}

/** A module that the compiler would take. */
export function moduleSource(name: string, comment = `The module ${name}.`): string {
  const word = name.split('.').at(-1)?.toLowerCase() ?? 'it'
  return `module ${name} exposing ( ${word} )\n\n{-| ${comment}\n-}\n\n\n{-| -}\n${word} : String\n${word} =\n    "${name}"\n`
}

function sourcesOf({ exposed = ['Main'], sources }: GrenDraft): Record<string, string | undefined> {
  const names = [exposed].flat().flatMap((one) => (typeof one === 'string' ? one : headed(one)))
  const plain = Object.fromEntries(names.map((name) => [name, moduleSource(name)]))
  return { ...plain, ...sources }
}

function headed(headings: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.values(headings).flat()
}

const CORE_EXPOSED = {
  Primitives: ['Basics', 'Bitwise', 'Bytes', 'Bytes.Decode', 'Bytes.Encode', 'Char', 'Math'],
  Text: ['String', 'String.Parser', 'String.Parser.Advanced', 'String.Regex'],
  Collections: ['Array', 'Array.Builder', 'Dict', 'Set'],
  'Error Handling': ['Maybe', 'Result'],
  Json: ['Json.Decode', 'Json.Encode'],
  Effects: ['Platform', 'Platform.Cmd', 'Platform.Sub', 'Process', 'Task', 'Time'],
  Other: ['Crypto', 'Debug', 'Stream', 'Stream.Log'],
}
const CORE_KERNEL =
  'Array Basics Bitwise Bytes Char Crypto Debug Dict Json Math Parser Platform Process Regex Scheduler Stream String Time'

/** JavaScript of the platform itself. */
function kernel(names: string): Record<string, string> {
  const entries = names
    .split(' ')
    .map((name) => [`Gren.Kernel.${name}`, `/*\n*/\n\nfunction _${name}_it() {}\n`])
  return Object.fromEntries(entries)
}

const CORE = { 'gren-lang/core': rangeFrom('1.0.0') }
const README = `# A package\n\n${'It does what it says, and says what it does. '.repeat(8)}\n`

/**
 * Ten packages in the shapes of real ones, dependencies first: kernel and effect modules, ports,
 * headings, all three platforms, comments before the header, capitals in an author's name.
 */
export const REAL_SHAPES: readonly GrenDraft[] = [
  {
    name: 'gren-lang/core',
    version: '1.0.0',
    summary: "Gren's standard libraries",
    exposed: CORE_EXPOSED,
    sources: {
      ...kernel(CORE_KERNEL),
      Task: 'effect module Task where { command = MyCmd } exposing\n    ( Task\n    , perform\n    )\n\n{-| Tasks. -}\n',
      Time: 'effect module Time where\n    { subscription = MySub }\n    exposing ( Posix )\n\n{-| Time. -}\n',
    },
  },
  {
    name: 'gren-lang/url',
    version: '1.0.0',
    summary: 'Create and parse URLs. Use for HTTP and "routing" in SPAs.',
    exposed: ['Url', 'Url.Builder', 'Url.Parser', 'Url.Parser.Query'],
    dependencies: CORE,
    sources: kernel('Url'),
  },
  {
    name: 'gren-lang/browser',
    version: '1.0.0',
    platform: 'browser',
    summary: 'APIs for working with the browser',
    exposed: {
      Programs: ['Browser', 'Browser.Navigation', 'Browser.Events', 'Browser.Dom'],
      HTML: ['Html', 'Html.Attributes', 'Html.Events', 'Html.Keyed', 'Html.Lazy', 'VirtualDom'],
      SVG: ['Svg', 'Svg.Attributes'],
      'Side Effects': ['Http', 'File', 'File.Download', 'File.Select'],
    },
    dependencies: { ...CORE, 'gren-lang/url': rangeFrom('1.0.0') },
    sources: kernel('Browser Http VirtualDom File'),
  },
  {
    name: 'gren-lang/node',
    version: '1.0.0',
    platform: 'node',
    summary: 'Gren bindings to NodeJS',
    exposed: {
      'Initialization & Setup': ['Node', 'Init'],
      IO: ['FileSystem', 'FileSystem.FileHandle', 'FileSystem.Path', 'Terminal', 'ChildProcess'],
      Network: ['HttpServer', 'HttpServer.Response', 'HttpClient'],
    },
    dependencies: { ...CORE, 'gren-lang/url': rangeFrom('1.0.0') },
    sources: kernel('ChildProcess FileSystem HttpServer HttpClient Node Terminal'),
  },
  {
    name: 'gren-lang/test',
    version: '1.0.0',
    summary: 'Write unit and fuzz tests for Gren code.',
    exposed: ['Test', 'Test.Runner', 'Expect', 'Fuzz', 'Random'],
    dependencies: CORE,
    sources: { ...kernel('Test'), 'Test.Internal': moduleSource('Test.Internal') },
  },
  {
    name: 'gren-lang/test-runner-node',
    version: '1.0.0',
    platform: 'node',
    summary: 'Test runner for NodeJS',
    exposed: ['Test.Runner.Node'],
    dependencies: {
      ...CORE,
      'gren-lang/node': rangeFrom('1.0.0'),
      'gren-lang/test': rangeFrom('1.0.0'),
    },
  },
  {
    name: 'blaix/gren-tui',
    version: '1.0.0',
    platform: 'node',
    summary: 'Build terminal user interfaces',
    license: 'MIT',
    exposed: ['Tui', 'UI', 'UI.Color'],
    dependencies: { ...CORE, 'gren-lang/node': '1.0.0<=v<2.0.0' },
    extras: { readme: README, license: 'MIT License\n' },
  },
  {
    name: 'icidasset/webmachine-gren',
    version: '1.0.0',
    platform: 'browser',
    summary: 'A virtual machine, of sorts, for the web',
    license: 'Apache-2.0',
    exposed: { Machine: ['Webmachine'], Parts: ['Webmachine.Port'] },
    dependencies: { ...CORE, 'gren-lang/browser': rangeFrom('1.0.0') },
    sources: {
      'Webmachine.Port':
        '{- A comment {- in a comment -}\n-}\n-- and a line\nport module Webmachine.Port exposing\n    ( send )\n\nport send : String -> Cmd msg\n',
    },
  },
  {
    name: 'MaybeJustJames/yaml',
    version: '1.0.0',
    summary: 'Work with YAML in Gren',
    license: 'MPL-2.0',
    exposed: ['Yaml.Decode', 'Yaml.Encode'],
    dependencies: CORE,
    sources: { 'Yaml.Parser': moduleSource('Yaml.Parser') },
    extras: { readme: README, docs: [{ name: 'Yaml.Decode', comment: ' Reads YAML', unions: [] }] },
  },
  {
    name: 'joeybright/gren-args',
    version: '1.0.0',
    platform: 'node',
    summary: 'Parse command line arguments — ünïcödé too',
    license: 'GPL-3.0',
    exposed: ['Args', 'Args.Help'],
    dependencies: { ...CORE, 'MaybeJustJames/yaml': rangeFrom('1.0.0') },
    sources: { 'Args.Emoji': `${moduleSource('Args.Emoji')}-- 🌱\n` },
    outline: { private: false },
  },
]

/** The authors of the real shapes: namespaces that must be there before. */
export const REAL_AUTHORS = ['gren-lang', 'blaix', 'icidasset', 'MaybeJustJames', 'joeybright']

import { FLUSH, packet } from './git-packets.ts'

/** A ref as clients see it. */
export interface ShownRef {
  readonly name: string
  readonly object: string
}

/** A repository as it is served. */
export interface ServedRepository {
  /** As `app.git` knows it. */
  readonly name: string
  /** The branch that a clone checks out; it need not be there. */
  readonly head: string
  readonly refs: readonly ShownRef[]
  /**
   * What is shown to who asks for all tags and nothing else (`git ls-remote --tags`), and to clients
   * of the old protocol, which always asks for everything; all refs when missing.
   */
  readonly shortList?: readonly ShownRef[]
}

/** What a client of protocol v2 asks about refs. */
export interface RefQuestion {
  /** None asks for all. */
  readonly prefixes: readonly string[]
  readonly wantsSymrefs: boolean
  readonly wantsUnborn: boolean
}

const ALL_TAGS = 'refs/tags/'
/** Each is compared with each ref. Prefixes are a wish, so of too many none is heeded, as git does it. */
const MAX_PREFIXES = 1_000
const NO_OBJECT = '0'.repeat(40)

/** Reads the arguments of `ls-refs`; those that are not known ask for nothing that we have. */
export function readRefQuestion(args: readonly string[]): RefQuestion {
  const PREFIX = 'ref-prefix '
  const prefixes = args.flatMap((arg) => (arg.startsWith(PREFIX) ? [arg.slice(PREFIX.length)] : []))
  return {
    prefixes: prefixes.length > MAX_PREFIXES ? [] : prefixes,
    wantsSymrefs: args.includes('symrefs'),
    wantsUnborn: args.includes('unborn'),
  }
}

/** The answer to `ls-refs` (gitprotocol-v2, "ls-refs"). */
export function refLines(served: ServedRepository, question: RefQuestion): string {
  const { head } = served
  const { prefixes, wantsSymrefs, wantsUnborn } = question
  const isBare = prefixes.length === 1 && prefixes[0] === ALL_TAGS
  const shown = isBare ? (served.shortList ?? served.refs) : served.refs
  const isAsked = (name: string) =>
    prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix))
  const lines: string[] = []
  if (isAsked('HEAD')) {
    const object = objectOf(served, head)
    const target = wantsSymrefs ? ` symref-target:${head}` : ''
    if (object) lines.push(`${object} HEAD${target}`)
    else if (wantsUnborn) lines.push(`unborn HEAD${target}`)
  }
  for (const { name, object } of inOrder(shown)) {
    if (isAsked(name)) lines.push(`${object} ${name}`)
  }
  return lines.map((line) => packet(`${line}\n`)).join('') + FLUSH
}

/** The first answer of protocols 0 and 1: every ref, and behind the first one what git can do. */
export function advertisedRefs(served: ServedRepository, words: readonly string[]): string {
  const { head } = served
  const object = objectOf(served, head)
  const refs = inOrder(served.shortList ?? served.refs)
  const all = object ? [{ name: 'HEAD', object }, ...refs] : refs
  if (all.length === 0) all.push({ name: 'capabilities^{}', object: NO_OBJECT })
  const able = (object ? [...words, `symref=HEAD:${head}`] : words).join(' ')
  const lines = all.map((ref, at) => `${ref.object} ${ref.name}${at === 0 ? `\0${able}` : ''}\n`)
  return lines.map(packet).join('') + FLUSH
}

function objectOf({ refs }: ServedRepository, name: string): string | undefined {
  return refs.find((ref) => ref.name === name)?.object
}

function inOrder(refs: readonly ShownRef[]): ShownRef[] {
  return [...refs].sort((a, b) => (a.name < b.name ? -1 : 1))
}

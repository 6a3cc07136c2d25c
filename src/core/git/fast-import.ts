/** A file of a commit. */
export interface GitFile {
  /** Relative, with `/`. */
  readonly path: string
  readonly content: string | Uint8Array
}

/** A commit as it is to be made. */
export interface NewCommit {
  /** Full name of the ref that will name it. */
  readonly ref: string
  readonly message: string
  /** Seconds since 1970. */
  readonly at: number
  /**
   * The commit or ref it comes after; without it, it comes after the last commit of its ref in the same
   * stream, or starts from nothing.
   */
  readonly from?: string
  readonly files: readonly GitFile[]
  /** Paths of files of the commit before it that go. */
  readonly removed?: readonly string[]
}

/** Whose commits these are: everywhere the same, as ids are made of it. */
export const COMMITTER = 'Entrepot <registry@entrepot.invalid>'

/** Commands of `git fast-import` that make a commit. */
export function* commitCommands(commit: NewCommit): Generator<string | Uint8Array> {
  const { ref, message, at, from, files, removed = [] } = commit
  yield `commit ${checkedRef(ref)}\ncommitter ${COMMITTER} ${at} +0000\n`
  yield* data(message)
  if (from !== undefined) yield `from ${from}\n`
  for (const path of removed) yield `D ${checkedPath(path)}\n`
  for (const { path, content } of files) {
    yield `M 100644 inline ${checkedPath(path)}\n`
    yield* data(content)
  }
  yield '\n'
}

/** The command that lets a ref name what another one names. */
export function resetCommand(ref: string, to: string): string {
  return `reset ${checkedRef(ref)}\nfrom ${to}\n\n`
}

/** Ends the stream: without it, it counts as cut off. */
export const DONE = 'done\n'

function* data(content: string | Uint8Array): Generator<string | Uint8Array> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  yield `data ${bytes.byteLength}\n`
  yield bytes
  yield '\n'
}

/** Whether git takes this as the last part of a ref. */
export function isRefWord(word: string): boolean {
  return /^[0-9A-Za-z][0-9A-Za-z.+_-]*$/.test(word) && !/\.\.|\.$|\.lock$/.test(word)
}

function checkedRef(ref: string): string {
  const [, , ...words] = ref.split('/')
  if (/^refs\/(tags|heads)\//.test(ref) && words.every(isRefWord)) return ref
  throw new Error(`not a ref: ${ref.slice(0, 100)}`)
}

/** Parts of plain characters: nothing that a checkout could take for something else. */
function checkedPath(path: string): string {
  const isPlain = path.split('/').every((part) => /^[\w-][\w.+-]*$/.test(part))
  if (isPlain && path.length <= 1000) return path
  throw new Error(`not a path for git: ${path.slice(0, 100)}`)
}

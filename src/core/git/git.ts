/** A bare repository that was found whole. */
export interface GitRepository {
  readonly name: string
  /** Full ref names ('refs/tags/1.0.0') and the objects they name. */
  readonly refs: ReadonlyMap<string, string>
}

/** How to import. */
export interface ImportOptions {
  /** The branch that a clone of a new repository checks out; `main` when missing. */
  readonly branch?: string
}

/** A file that holds objects, or the index of one. */
export interface PackFile {
  /** `pack-….pack` or `pack-….idx`. */
  readonly file: string
  /** On this machine. */
  readonly path: string
  readonly size: number
}

/** What is pushed where. */
export interface Push {
  /** A URL or path. It may hold a secret, which is said nowhere. */
  readonly url: string
  /** Full names. */
  readonly refs: readonly string[]
  readonly signal: AbortSignal
}

/** What of git's protocol a client asked for; 2 is what every git since 2.26 asks for. */
export type GitProtocol = 0 | 1 | 2

/** One request to `git upload-pack`. */
export interface UploadPackRequest {
  readonly protocol: GitProtocol
  readonly body: Uint8Array
  /** Ends the work when the client is gone. */
  readonly signal: AbortSignal
}

/**
 * Bare repositories that are made and read by stock git. A name is a path of plain words
 * ('gren/7/0') that the caller chooses. Repositories are projections: one that is missing or damaged
 * is answered as not there, and made anew by importing. Several processes may share the folder:
 * importing only adds objects and moves refs, and a new repository appears whole or not at all.
 * Whatever cannot be done because git is missing, busy or slow is `unavailable`, with the reason.
 */
export interface Git {
  /** How the installed git calls itself. */
  version(): Promise<string>
  /** The repository, or nothing when there is none that can be used. */
  find(name: string): Promise<GitRepository | undefined>
  /**
   * Adds what a stream of `git fast-import` says, which must end with `done`. When it throws, no ref
   * was moved, except by another process that did the same.
   */
  import(
    name: string,
    commands: AsyncIterable<string | Uint8Array>,
    options?: ImportOptions,
  ): Promise<GitRepository>
  /** What is wrong with a repository, after a look into every byte; nothing when it is not there. */
  check(name: string): Promise<string | undefined>
  /** The files that its objects are in: packs and their indices. They come and go. */
  listPacks(name: string): Promise<readonly PackFile[]>
  /** Lets branches of another repository be what they are in this one, by force; throws when it fails. */
  push(name: string, wanted: Push): Promise<void>
  /** Takes a repository away; says nothing when there is none. */
  discard(name: string): Promise<void>
  /** Names of repositories below a folder: 'gren', 'gren/7'. */
  list(folder: string): Promise<string[]>
  /** What git can do: the words of its first answer in that protocol, in its order. */
  capabilities(name: string, protocol: GitProtocol): Promise<readonly string[]>
  /** Runs `git upload-pack`; what it says comes as it is read. Throws `invalid_request` when it refuses. */
  uploadPack(name: string, request: UploadPackRequest): Promise<ReadableStream<Uint8Array>>
}

/** A name as its ecosystem understands it. */
export interface ParsedName {
  /** Namespace as written. */
  readonly namespace: string
  /** Project path, when the name carries one; otherwise the ecosystem's own project is used. */
  readonly project?: string
  /** Package name as written, without the namespace. */
  readonly name: string
  /** Two names with one key are one package. */
  readonly key: string
  /** The whole name as it was written, where that is to be shown though others have the same key. */
  readonly spelling?: string
}

/** What the registry itself must know about a package manager: pure rules, no HTTP. */
export interface EcosystemRules {
  /** Path prefix, database discriminator and CLI argument. Never changes once released. */
  readonly id: string
  readonly label: string
  /** Throws `name_invalid` for what is no name. */
  parseName(raw: string): ParsedName
  /** The name as its users write it; the inverse of parseName. */
  formatName(parts: { namespace: string; project: string; name: string }): string
  compareVersions(a: string, b: string): number
  /** What its clients' files make of a name, where that can be the same for two: then only one is taken. */
  foldName?(path: string): string
  /** For package managers whose clients read an index: what its files say. */
  readonly index?: IndexRules
}

/** What an index tells of the registry itself. */
export interface IndexFacts {
  /** Base URL that clients see, without a trailing slash. */
  readonly publicUrl: string
}

/** A file of an index: plain parts joined by `/`. */
export interface IndexFile {
  readonly path: string
  /** Empty: there is no such file. */
  readonly text: string
}

/** A release as an index may tell of it. */
export interface IndexedRelease {
  readonly version: string
  readonly digest: string
  /** As the ecosystem's inspection left it; empty when the release was removed. */
  readonly metadata: Readonly<Record<string, unknown>>
  readonly isYanked: boolean
  readonly isRemoved: boolean
  readonly deprecation: string | null
}

/** A package that everybody may read. */
export interface IndexedPackage {
  readonly path: string
  readonly name: string
  /** As its first publisher wrote the path, where that may differ; or null. */
  readonly spelling: string | null
  readonly deprecation: string | null
  /** In the order of publishing, removed ones too. */
  readonly releases: readonly IndexedRelease[]
}

/**
 * How an ecosystem's packages become files. Pure: the same package and facts are the same text, in
 * every process and always; a change of that is a new format. No path is a folder of another.
 */
export interface IndexRules {
  /** To be raised when the same package makes another text than before. */
  readonly format: number
  /** Files that are about no package; at least one. */
  rootFiles(facts: IndexFacts): readonly IndexFile[]
  packageFile(of: IndexedPackage, facts: IndexFacts): IndexFile
}

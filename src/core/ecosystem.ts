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
}

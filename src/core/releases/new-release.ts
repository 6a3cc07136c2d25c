import type { ReleaseDependency } from './list-dependents.ts'

/** A blob that a release is made of. */
export interface ReleaseFile {
  readonly role: string
  readonly digest: string
  readonly mediaType: string
  readonly size: number
}

/** A file that is stored together with its release. */
export interface AttachedFile {
  readonly role: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** A release as its ecosystem's inspection understood it. */
export interface NewRelease {
  readonly version: string
  /** The file that is the release; without its bytes the package must have that blob already. */
  readonly bytes?: Uint8Array
  /** The same, where the bytes are in the blob store already, as a part that this uses up. */
  readonly partId?: string
  /** What that file is among the release's files; 'manifest' when missing. */
  readonly role?: string
  readonly digest: string
  readonly mediaType: string
  readonly kind: string
  readonly subject?: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** What the package must have already. */
  readonly files: readonly ReleaseFile[]
  /** What it needs of other packages; each once. */
  readonly dependencies?: readonly ReleaseDependency[]
  /** What is stored together with it. */
  readonly attached?: readonly AttachedFile[]
  readonly tags: readonly string[]
  /** Refuses a version that is there, also with the same content. */
  readonly mustBeNew?: boolean
  /**
   * The version without what says nothing about its order (build metadata): only one release of a
   * package may have it.
   */
  readonly precedence?: string
  /** Makes the publisher of a new package its owner, besides those of the namespace. */
  readonly ownsNewPackage?: boolean
  /** A namespace that nobody has becomes the publisher's; see claimNamespace. */
  readonly claimsNamespace?: boolean
  /** Makes a new package private, and refuses one that everybody may read. */
  readonly isPrivate?: boolean
}

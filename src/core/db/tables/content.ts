import type { Generated } from 'kysely'
import type { Flag, Json, Millis, Role, Visibility } from '#core/db/columns.ts'

/** What is published. */
export interface ContentTables {
  packages: {
    id: Generated<number>
    ecosystem: string
    namespaceId: number
    projectId: number
    name: string
    key: string
    /** The whole name as its users write it: 'acme/web/app'; unique per ecosystem. */
    path: string
    /** What its ecosystem's files make of the path; unique per ecosystem where it is set. */
    foldedPath: Generated<string | null>
    visibility: Visibility
    immutableTags: Flag
    /** What its releases are, e.g. 'oci-image-v1.0.0'; empty when unknown. */
    contentType: string
    labels: Json
    /** Why nobody should use it any more, or null. */
    deprecation: Generated<string | null>
    deprecatedAt: Generated<Millis | null>
    /** The whole name as its first publisher wrote it, where several spellings are one name; or null. */
    spelling: Generated<string | null>
    createdAt: Millis
    updatedAt: Millis
  }
  packageOwners: { packageId: number; userId: number; role: Role; createdAt: Millis }
  releases: {
    id: Generated<number>
    packageId: number
    version: string
    /** Digest of the file that is the release: a manifest, an archive. */
    digest: string
    mediaType: string
    size: number
    /** What it is, as its ecosystem says (OCI: artifactType); empty when it says nothing. */
    kind: string
    /** Digest of the release of the same package that this one is about (signature, SBOM), or null. */
    subject: string | null
    /** What the ecosystem's inspection found out; shape is the ecosystem's. */
    metadata: Json
    yankedAt: Millis | null
    yankReason: Generated<string | null>
    /** Why nobody should use it any more, or null. */
    deprecation: Generated<string | null>
    deprecatedAt: Generated<Millis | null>
    /** Set: a tombstone. Its content is gone, and its version is never published again. */
    removedAt: Generated<Millis | null>
    createdAt: Millis
    createdBy: string
  }
  /** Versions that were removed, by name: they stay so when the package is deleted and made again. */
  burntVersions: {
    ecosystem: string
    path: string
    version: string
    digest: string
    removedAt: Millis
  }
  /** What a release needs of other packages, for those who ask who needs one. */
  releaseDependencies: { releaseId: number; ecosystem: string; path: string; requirement: string }
  releaseFiles: {
    releaseId: number
    position: number
    packageId: number
    role: string
    digest: string
    mediaType: string
    size: number
  }
  /** How often each release was downloaded, ever. */
  downloadTotals: { releaseId: number; count: number }
  /** The same by day, for the last days only. A day is counted from 1970-01-01. */
  downloadDays: { releaseId: number; day: number; count: number }
  /** Batches of counts that were recorded: one that comes again is not counted twice. */
  downloadBatches: { id: string; recordedAt: Millis }
  tags: { packageId: number; name: string; releaseId: number; updatedAt: Millis }
  blobs: {
    digest: string
    size: number
    /** Names these bytes in the blob store; never reused, so deleting cannot hit a newer copy. */
    locator: string
    createdAt: Millis
  }
  /** Which packages have a blob: the only thing that lets anybody read it. */
  packageBlobs: { packageId: number; namespaceId: number; digest: string; linkedAt: Millis }
  uploads: {
    id: string
    namespaceId: number
    packageId: number
    /** Bytes accepted so far. */
    offset: number
    /** JSON array of the ids of the parts that hold them, in order; see blobs/store.ts. */
    parts: Json
    createdBy: string
    createdAt: Millis
    touchedAt: Millis
  }
  transfers: {
    id: Generated<number>
    packageId: number
    ecosystem: string
    fromNamespaceId: number
    fromProject: string
    fromPath: string
    /** The package's key. */
    key: string
    /** Null until a user, to whom it was offered, says where it goes. */
    toNamespaceId: number | null
    toUserId: number | null
    /** What the package is called since; null until accepted. */
    toPath: string | null
    /** One that is pending and past `expiresAt` is over. */
    status: 'pending' | 'accepted' | 'declined' | 'cancelled' | 'expired'
    createdBy: string
    createdAt: Millis
    expiresAt: Millis
    decidedBy: string | null
    decidedAt: Millis | null
  }
}

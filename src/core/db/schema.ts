import type { Generated, Kysely, Selectable, Transaction } from 'kysely'
import type { LogEvent } from '#core/log/record.ts'

/** 0 or 1: one type for both databases. */
type Flag = 0 | 1
/** Milliseconds since 1970. */
export type Millis = number
/** JSON text. */
export type Json = string

export type Role = 'reader' | 'publisher' | 'admin'
export type Visibility = 'public' | 'private'

/** One row type per table; column names are snake_case in the database. See ARCHITECTURE.md, "The words". */
export interface Schema {
  users: {
    id: Generated<number>
    name: string
    key: string
    email: string
    isOperator: Flag
    createdAt: Millis
    disabledAt: Millis | null
  }
  namespaces: {
    id: Generated<number>
    name: string
    key: string
    status: 'active' | 'terminating'
    /** Quotas; null is unlimited. */
    maxBytes: number | null
    maxPackages: number | null
    maxProjects: number | null
    /** Sum of the sizes of the distinct blobs its packages link to; kept by core/blobs/link.ts. */
    usedBytes: number
    /** Set by the namespace's own people. */
    consumerLabels: Json
    /** Set by operators only. */
    providerLabels: Json
    createdAt: Millis
  }
  members: { namespaceId: number; userId: number; role: Role; createdAt: Millis }
  projects: {
    id: Generated<number>
    namespaceId: number
    /** One or more path parts joined by '/'. */
    name: string
    consumerLabels: Json
    providerLabels: Json
    createdAt: Millis
  }
  packages: {
    id: Generated<number>
    ecosystem: string
    namespaceId: number
    projectId: number
    name: string
    key: string
    /** The whole name as its users write it: 'acme/web/app'; unique per ecosystem. */
    path: string
    visibility: Visibility
    immutableTags: Flag
    /** What its releases are, e.g. 'oci-image-v1.0.0'; empty when unknown. */
    contentType: string
    labels: Json
    /** Why nobody should use it any more, or null. */
    deprecation: Generated<string | null>
    deprecatedAt: Generated<Millis | null>
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
  releaseFiles: {
    releaseId: number
    position: number
    packageId: number
    role: string
    digest: string
    mediaType: string
    size: number
  }
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
  tokens: {
    id: Generated<number>
    name: string
    /** Owner: a user, or (a robot) a namespace with a role in it. */
    userId: number | null
    namespaceId: number | null
    role: Role | null
    /** SHA-256 of the secret, hex. */
    hash: string
    /** Comma-separated, sorted. */
    scopes: string
    /** JSON array of namespace ids it is limited to, or null. */
    onlyNamespaces: Json | null
    /** JSON array of package ids it is limited to, or null. */
    onlyPackages: Json | null
    createdAt: Millis
    createdBy: string
    expiresAt: Millis | null
    lastUsedAt: Millis | null
    revokedAt: Millis | null
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
  audit: {
    id: Generated<number>
    at: Millis
    actor: string
    action: string
    subject: string
    detail: Json
    address: string
    credential: string
    requestId: string
    /** The namespace it happened in, so that its admins may read it. */
    namespaceId: number | null
  }
  jobs: {
    id: Generated<number>
    kind: string
    /** At most one waiting job per kind and key; empty means no such limit. */
    key: string
    payload: Json
    state: 'waiting' | 'running' | 'dead'
    runAt: Millis
    attempts: number
    leaseOwner: string | null
    leaseUntil: Millis | null
    lastError: string | null
    createdAt: Millis
  }
  schedules: { kind: string; everySeconds: number; nextRunAt: Millis }
  /** Secrets and facts that all nodes share. */
  settings: { key: string; value: string }
  advisories: {
    id: Generated<number>
    /** The id that the world knows it by. */
    name: string
    state: 'draft' | 'published' | 'withdrawn'
    /** OSV. */
    document: Json
    createdBy: string
    createdAt: Millis
    modifiedAt: Millis
    publishedAt: Millis | null
    withdrawnAt: Millis | null
  }
  /** Which packages an advisory is about; only those of ecosystems that are served here. */
  advisoryPackages: {
    advisoryId: number
    ecosystem: string
    name: string
    /** The package when the advisory was written, if there was one. */
    packageId: number | null
    /** Whether it was private then. */
    isPrivate: Flag
  }
  /** What search knows of a package that it shows; see core/search/document.ts. */
  searchDocuments: {
    packageId: number
    releaseId: number
    nameKey: string
    words: string
    description: string
    keywords: Json
    license: string
    termsHash: string
  }
  /** What the transparency log tells; its only truth. */
  logEntries: {
    seq: Generated<number>
    /** Index in the tree; null until the sequencer came by. */
    position: number | null
    event: LogEvent
    ecosystem: string
    /** packages.path, as it was. */
    name: string
    /** Empty when the event is about the whole package. */
    version: string
    digest: string
    /** Opens the commitment that stands in the log instead of a private package's event. */
    salt: string | null
    /** The leaf: one line. */
    record: string
    createdAt: Millis
  }
  /** Hashes of the tree, 256 to a row, in base64: made of the entries. */
  logTiles: { level: number; number: number; hashes: string }
  /** One row: the published tree, its two signed notes, and the keys that signed them. */
  logState: {
    id: number
    size: number
    checkpoint: string
    goTree: string
    /** As clients are given them, separated by spaces; the current one first. */
    verifierKeys: string
  }
  /** The newest checkpoint of this log that each witness cosigned. */
  logCosignatures: {
    /** Its verifier key, and the name in it. */
    witness: string
    name: string
    size: number
    /** As it was signed here. */
    checkpoint: string
    /** The witness' signature lines. */
    lines: string
  }
  /** Other logs as this registry, their witness, last signed them: never two that disagree. */
  witnessedLogs: {
    origin: string
    size: number
    /** Base64. */
    root: string
    /** With the signatures of both; empty before the first. */
    checkpoint: string
  }
  /** What changed, for the caches of other processes (SQLite; PostgreSQL uses NOTIFY). */
  changes: { seq: Generated<number>; topic: string; at: Millis }
}

export type Db = Kysely<Schema>
export type Tx = Transaction<Schema>
export type Row<T extends keyof Schema> = Selectable<Schema[T]>

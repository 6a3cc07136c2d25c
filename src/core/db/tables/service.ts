import type { Generated } from 'kysely'
import type { Flag, Json, Millis } from '#core/db/columns.ts'
import type { WebhookEvent, WebhookKind } from '#core/webhooks/kinds.ts'

/** What the registry does besides: audit, jobs, advisories, search, webhooks. */
export interface ServiceTables {
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
  /** Who is told what happens to packages. */
  webhooks: {
    id: Generated<number>
    /** Null: of the whole registry. */
    namespaceId: number | null
    kind: WebhookKind
    url: string
    /** What deliveries are signed with, as `seal` made it; empty where they are not signed. */
    secret: string
    formerSecret: string | null
    formerSecretUntil: Millis | null
    /** JSON array. */
    events: Json
    /** Null: all. */
    ecosystem: string | null
    isActive: Flag
    /** Made of the registry's configuration. */
    isConfigured: Flag
    /** Why the registry turned it off, or null. */
    disabledReason: string | null
    /** Deliveries given up since the last one that arrived. */
    deadStreak: number
    createdAt: Millis
    createdBy: string
  }
  webhookDeliveries: {
    id: Generated<number>
    webhookId: number
    /** The same however often it is tried, so that receivers can tell. */
    messageId: string
    event: WebhookEvent
    /** What is posted. */
    body: string
    state: 'waiting' | 'delivered' | 'dead'
    attempts: number
    nextAt: Millis
    createdAt: Millis
    lastAt: Millis | null
    lastStatus: number | null
    lastError: string | null
    /** The beginning of what was answered. */
    lastResponse: string | null
  }
  /** What changed, for the caches of other processes (SQLite; PostgreSQL uses NOTIFY). */
  changes: { seq: Generated<number>; topic: string; at: Millis }
}

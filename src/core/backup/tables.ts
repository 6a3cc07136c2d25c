import type { Schema } from '#core/db/schema.ts'

/** Whether a backup has the rows of a table, and in which order when that matters. */
type Rule = 'kept' | 'left out' | { readonly orderBy: string }

/**
 * Every table, those first that others refer to. Left out is what is made again (search), what is
 * about running processes (changes), and what is nothing without parts in the blob store (uploads).
 */
const TABLES = {
  users: 'kept',
  namespaces: 'kept',
  members: 'kept',
  invitations: 'kept',
  projects: 'kept',
  packages: 'kept',
  packageOwners: 'kept',
  releases: 'kept',
  burntVersions: 'kept',
  releaseDependencies: 'kept',
  blobs: { orderBy: 'digest' },
  packageBlobs: 'kept',
  releaseFiles: 'kept',
  tags: 'kept',
  uploads: 'left out',
  tokens: 'kept',
  signIns: 'kept',
  signInDevices: 'kept',
  transfers: 'kept',
  audit: 'kept',
  jobs: 'kept',
  schedules: 'kept',
  settings: 'kept',
  webhooks: 'kept',
  webhookDeliveries: 'kept',
  downloadBatches: 'kept',
  downloadDays: 'kept',
  downloadTotals: 'kept',
  advisories: 'kept',
  advisoryPackages: 'kept',
  searchDocuments: 'left out',
  indexState: 'kept',
  indexChanges: 'kept',
  indexFiles: 'kept',
  indexFolders: 'kept',
  indexCommits: 'kept',
  indexEdits: 'kept',
  logEntries: { orderBy: 'position' },
  logTiles: 'kept',
  logState: 'kept',
  logCosignatures: 'kept',
  witnessedLogs: 'kept',
  changes: 'left out',
} as const satisfies Record<keyof Schema, Rule>

/** A table as the database calls it. */
export interface BackedUpTable {
  readonly name: string
  readonly orderBy?: string
}

/** The tables of a backup, in an order in which they can be filled. */
export const backedUpTables: readonly BackedUpTable[] = Object.entries<Rule>(TABLES)
  .filter(([, rule]) => rule !== 'left out')
  .map(([key, rule]) => ({ name: snakeCase(key), ...(typeof rule === 'object' && rule) }))

/** All tables, also those that a backup leaves out. */
export const allTables: readonly string[] = Object.keys(TABLES).map(snakeCase)

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

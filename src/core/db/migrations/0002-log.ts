import type { Migration } from '#core/db/migration.ts'

/** Filled in by the slice that needs it. */
export const logMigration: Migration = { name: '0002-log', up: async () => {} }

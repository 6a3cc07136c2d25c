import type { Migration } from '#core/db/migration.ts'

/** Filled in by the slice that needs it. */
export const searchMigration: Migration = { name: '0004-search', up: async () => {} }

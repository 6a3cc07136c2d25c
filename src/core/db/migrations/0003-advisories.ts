import type { Migration } from '#core/db/migration.ts'

/** Filled in by the slice that needs it. */
export const advisoriesMigration: Migration = { name: '0003-advisories', up: async () => {} }

import type { Migration } from '#core/db/migration.ts'

/** Filled in by the slice that needs it. */
export const lifecycleMigration: Migration = { name: '0005-lifecycle', up: async () => {} }

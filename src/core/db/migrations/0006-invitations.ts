import type { Dialect } from '#core/db/dialect.ts'
import type { Tx } from '#core/db/schema.ts'

/** Roles that wait for somebody to sign in with an address; part of migration 0006. */
export async function createInvitations(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createTable(tx, 'invitations')
    .addColumn('namespace_id', 'bigint', (c) =>
      c.notNull().references('namespaces.id').onDelete('cascade'),
    )
    .addColumn('email_key', dialect.text, (c) => c.notNull())
    .addColumn('role', dialect.text, (c) => c.notNull())
    .addColumn('invited_by', dialect.text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('invitations_unique', ['namespace_id', 'email_key'])
    .execute()
  await tx.schema.alterTable('members').addColumn('invited_email', dialect.text).execute()
  await tx.schema
    .createIndex('invitations_by_email')
    .on('invitations')
    .column('email_key')
    .execute()
}

import { sql } from 'kysely'
import type { Dialect } from '#core/db/dialect.ts'
import type { Migration } from '#core/db/migration.ts'
import type { Tx } from '#core/db/schema.ts'

/** Who is told what happens to packages, and what is still to be told. */
export const webhooksMigration: Migration = { name: '0007-webhooks', up: createWebhooks }

async function createWebhooks(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createTable(tx, 'webhooks')
    .addColumn('namespace_id', 'bigint', (c) => c.references('namespaces.id').onDelete('cascade'))
    .addColumn('kind', dialect.text, (c) => c.notNull())
    .addColumn('url', dialect.text, (c) => c.notNull())
    .addColumn('secret', dialect.text, (c) => c.notNull())
    .addColumn('former_secret', dialect.text)
    .addColumn('former_secret_until', 'bigint')
    .addColumn('events', dialect.text, (c) => c.notNull())
    .addColumn('ecosystem', dialect.text)
    .addColumn('is_active', 'integer', (c) => c.notNull())
    .addColumn('is_configured', 'integer', (c) => c.notNull())
    .addColumn('disabled_reason', dialect.text)
    .addColumn('dead_streak', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('created_by', dialect.text, (c) => c.notNull())
    .execute()
  await createIndex(tx, 'webhooks', ['namespace_id'])
  // Once, however many processes start at the same time.
  await sql`create unique index webhooks_configured on webhooks (ecosystem, url) where is_configured = 1`.execute(
    tx,
  )
  // No foreign key: publishing must not fail because a webhook is being deleted at that moment.
  await dialect
    .createTable(tx, 'webhook_deliveries')
    .addColumn('webhook_id', 'bigint', (c) => c.notNull())
    .addColumn('message_id', dialect.text, (c) => c.notNull())
    .addColumn('event', dialect.text, (c) => c.notNull())
    .addColumn('body', dialect.text, (c) => c.notNull())
    .addColumn('state', dialect.text, (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('next_at', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('last_at', 'bigint')
    .addColumn('last_status', 'integer')
    .addColumn('last_error', dialect.text)
    .addColumn('last_response', dialect.text)
    .execute()
  await createIndex(tx, 'webhook_deliveries', ['webhook_id', 'state', 'next_at'])
  await createIndex(tx, 'webhook_deliveries', ['created_at'])
}

async function createIndex(tx: Tx, table: string, columns: readonly string[]): Promise<void> {
  await tx.schema
    .createIndex(`${table}_by_${columns.join('_')}`)
    .on(table)
    .columns([...columns])
    .execute()
}

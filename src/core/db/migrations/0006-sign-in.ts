import { sql } from 'kysely'
import type { Dialect } from '#core/db/dialect.ts'
import type { Migration } from '#core/db/migration.ts'
import type { Tx } from '#core/db/schema.ts'
import { createInvitations } from './0006-invitations.ts'

/** Sign-in by e-mail, sessions, and invitations of addresses that have no account yet. */
export const signInMigration: Migration = { name: '0006-sign-in', up: createSignIn }

async function createSignIn(tx: Tx, dialect: Dialect): Promise<void> {
  await addEmailKeys(tx, dialect)
  await tx.schema
    .alterTable('tokens')
    .addColumn('kind', dialect.text, (c) => c.notNull().defaultTo('token'))
    .execute()
  await createSignIns(tx, dialect)
  await createDevices(tx, dialect)
  await createInvitations(tx, dialect)
}

/** Where accounts share an address it signs in the oldest; the others keep it for notices alone. */
async function addEmailKeys(tx: Tx, dialect: Dialect): Promise<void> {
  await tx.schema
    .alterTable('users')
    .addColumn('email_key', dialect.text, (c) => c.notNull().defaultTo(''))
    .execute()
  await sql`update users set email_key = lower(email) where id =
    (select min(other.id) from users as other where lower(other.email) = lower(users.email))`.execute(
    tx,
  )
  await sql`create unique index users_email_key on users (email_key) where email_key <> ''`.execute(
    tx,
  )
}

async function createSignIns(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createTable(tx, 'sign_ins')
    .addColumn('flow', dialect.text, (c) => c.notNull())
    .addColumn('email', dialect.text, (c) => c.notNull())
    .addColumn('fetch_hash', dialect.text, (c) => c.notNull().unique())
    .addColumn('proof_hash', dialect.text, (c) => c.notNull().unique())
    .addColumn('state', dialect.text, (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('user_id', 'bigint', (c) => c.references('users.id').onDelete('cascade'))
    .addColumn('address', dialect.text, (c) => c.notNull())
    .addColumn('user_agent', dialect.text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
  await tx.schema.createIndex('sign_ins_by_end').on('sign_ins').column('expires_at').execute()
  await tx.schema.createIndex('sign_ins_by_user').on('sign_ins').column('user_id').execute()
}

async function createDevices(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createKeyedTable(tx, 'sign_in_devices')
    .addColumn('user_id', 'bigint', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('device', dialect.text, (c) => c.notNull())
    .addColumn('last_seen_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('sign_in_devices_pk', ['user_id', 'device'])
    .execute()
}

import { type ColumnDefinitionBuilder, type CreateTableBuilder, sql } from 'kysely'
import type { Dialect } from '#core/db/dialect.ts'
import type { Migration } from '#core/db/migration.ts'
import type { Tx } from '#core/db/schema.ts'

/** Accounts, namespaces, packages, releases, blobs, audit, jobs: the words of ARCHITECTURE.md. */
export const coreMigration: Migration = { name: '0001-core', up: createCore }

type Column = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder
const required: Column = (column) => column.notNull()
const reference =
  (target: string, onDelete: 'cascade' | 'restrict' = 'restrict'): Column =>
  (column) =>
    column.notNull().references(target).onDelete(onDelete)

async function createCore(tx: Tx, dialect: Dialect): Promise<void> {
  await createPeople(tx, dialect)
  await createPackages(tx, dialect)
  await createReleases(tx, dialect)
  await createBlobs(tx, dialect)
  await createMachinery(tx, dialect)
}

async function createPeople(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createTable(tx, 'users')
    .addColumn('name', dialect.text, required)
    .addColumn('key', dialect.text, (c) => c.notNull().unique())
    .addColumn('email', dialect.text, required)
    .addColumn('is_operator', 'integer', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('disabled_at', 'bigint')
    .execute()
  await labelled(
    dialect
      .createTable(tx, 'namespaces')
      .addColumn('name', dialect.text, required)
      .addColumn('key', dialect.text, (c) => c.notNull().unique())
      .addColumn('status', dialect.text, required)
      .addColumn('max_bytes', 'bigint')
      .addColumn('max_packages', 'bigint')
      .addColumn('max_projects', 'bigint')
      .addColumn('used_bytes', 'bigint', required),
    dialect,
  ).execute()
  await dialect
    .createKeyedTable(tx, 'members')
    .addColumn('namespace_id', 'bigint', reference('namespaces.id', 'cascade'))
    .addColumn('user_id', 'bigint', reference('users.id', 'cascade'))
    .addColumn('role', dialect.text, required)
    .addColumn('created_at', 'bigint', required)
    .addPrimaryKeyConstraint('members_pk', ['namespace_id', 'user_id'])
    .execute()
  await index(tx, 'members', ['user_id'])
  await dialect
    .createTable(tx, 'tokens')
    .addColumn('name', dialect.text, required)
    .addColumn('user_id', 'bigint', (c) => c.references('users.id').onDelete('cascade'))
    .addColumn('namespace_id', 'bigint', (c) => c.references('namespaces.id').onDelete('cascade'))
    .addColumn('role', dialect.text)
    .addColumn('hash', dialect.text, (c) => c.notNull().unique())
    .addColumn('scopes', dialect.text, required)
    .addColumn('only_namespaces', dialect.text)
    .addColumn('only_packages', dialect.text)
    .addColumn('created_at', 'bigint', required)
    .addColumn('created_by', dialect.text, required)
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute()
  await index(tx, 'tokens', ['user_id'])
  await index(tx, 'tokens', ['namespace_id'])
}

async function createPackages(tx: Tx, dialect: Dialect): Promise<void> {
  await labelled(
    dialect
      .createTable(tx, 'projects')
      .addColumn('namespace_id', 'bigint', reference('namespaces.id'))
      .addColumn('name', dialect.text, required),
    dialect,
  )
    .addUniqueConstraint('projects_name', ['namespace_id', 'name'])
    .execute()
  await dialect
    .createTable(tx, 'packages')
    .addColumn('ecosystem', dialect.text, required)
    .addColumn('namespace_id', 'bigint', reference('namespaces.id'))
    .addColumn('project_id', 'bigint', reference('projects.id'))
    .addColumn('name', dialect.text, required)
    .addColumn('key', dialect.text, required)
    .addColumn('path', dialect.text, required)
    .addColumn('visibility', dialect.text, required)
    .addColumn('immutable_tags', 'integer', required)
    .addColumn('content_type', dialect.text, required)
    .addColumn('labels', dialect.text, required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .addUniqueConstraint('packages_name', ['project_id', 'ecosystem', 'key'])
    .addUniqueConstraint('packages_path', ['ecosystem', 'path'])
    .execute()
  await index(tx, 'packages', ['namespace_id'])
  await dialect
    .createKeyedTable(tx, 'package_owners')
    .addColumn('package_id', 'bigint', reference('packages.id', 'cascade'))
    .addColumn('user_id', 'bigint', reference('users.id', 'cascade'))
    .addColumn('role', dialect.text, required)
    .addColumn('created_at', 'bigint', required)
    .addPrimaryKeyConstraint('package_owners_pk', ['package_id', 'user_id'])
    .execute()
  await index(tx, 'package_owners', ['user_id'])
}

async function createReleases(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createTable(tx, 'releases')
    .addColumn('package_id', 'bigint', reference('packages.id'))
    .addColumn('version', dialect.text, required)
    .addColumn('digest', dialect.text, required)
    .addColumn('media_type', dialect.text, required)
    .addColumn('size', 'bigint', required)
    .addColumn('kind', dialect.text, required)
    .addColumn('subject', dialect.text)
    .addColumn('metadata', dialect.text, required)
    .addColumn('yanked_at', 'bigint')
    .addColumn('created_at', 'bigint', required)
    .addColumn('created_by', dialect.text, required)
    .addUniqueConstraint('releases_version', ['package_id', 'version'])
    .execute()
  await index(tx, 'releases', ['package_id', 'subject'])
  await dialect
    .createKeyedTable(tx, 'tags')
    .addColumn('package_id', 'bigint', reference('packages.id'))
    .addColumn('name', dialect.text, required)
    .addColumn('release_id', 'bigint', reference('releases.id', 'cascade'))
    .addColumn('updated_at', 'bigint', required)
    .addPrimaryKeyConstraint('tags_pk', ['package_id', 'name'])
    .execute()
  await index(tx, 'tags', ['release_id'])
}

async function createBlobs(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createKeyedTable(tx, 'blobs')
    .addColumn('digest', dialect.text, (c) => c.primaryKey())
    .addColumn('size', 'bigint', required)
    .addColumn('locator', dialect.text, (c) => c.notNull().unique())
    .addColumn('created_at', 'bigint', required)
    .execute()
  await dialect
    .createKeyedTable(tx, 'package_blobs')
    .addColumn('package_id', 'bigint', reference('packages.id'))
    .addColumn('namespace_id', 'bigint', reference('namespaces.id'))
    .addColumn('digest', dialect.text, reference('blobs.digest'))
    .addColumn('linked_at', 'bigint', required)
    .addPrimaryKeyConstraint('package_blobs_pk', ['package_id', 'digest'])
    .execute()
  await index(tx, 'package_blobs', ['digest', 'namespace_id'])
  await dialect
    .createKeyedTable(tx, 'release_files')
    .addColumn('release_id', 'bigint', reference('releases.id', 'cascade'))
    .addColumn('position', 'integer', required)
    .addColumn('package_id', 'bigint', required)
    .addColumn('role', dialect.text, required)
    .addColumn('digest', dialect.text, required)
    .addColumn('media_type', dialect.text, required)
    .addColumn('size', 'bigint', required)
    .addPrimaryKeyConstraint('release_files_pk', ['release_id', 'position'])
    // Collection can never take a blob that a release still names, whatever the race.
    .addForeignKeyConstraint('release_files_blob', ['package_id', 'digest'], 'package_blobs', [
      'package_id',
      'digest',
    ])
    .execute()
  await index(tx, 'release_files', ['package_id', 'digest'])
  await dialect
    .createKeyedTable(tx, 'uploads')
    .addColumn('id', dialect.text, (c) => c.primaryKey())
    .addColumn('namespace_id', 'bigint', reference('namespaces.id', 'cascade'))
    .addColumn('package_id', 'bigint', reference('packages.id', 'cascade'))
    .addColumn('offset', 'bigint', required)
    .addColumn('parts', dialect.text, required)
    .addColumn('created_by', dialect.text, required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('touched_at', 'bigint', required)
    .execute()
}

async function createMachinery(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createTable(tx, 'audit')
    .addColumn('at', 'bigint', required)
    .addColumn('actor', dialect.text, required)
    .addColumn('action', dialect.text, required)
    .addColumn('subject', dialect.text, required)
    .addColumn('detail', dialect.text, required)
    .addColumn('address', dialect.text, required)
    .addColumn('credential', dialect.text, required)
    .addColumn('request_id', dialect.text, required)
    // No reference: an audit line outlives what it tells of.
    .addColumn('namespace_id', 'bigint')
    .execute()
  await index(tx, 'audit', ['namespace_id', 'id'])
  await dialect
    .createTable(tx, 'jobs')
    .addColumn('kind', dialect.text, required)
    .addColumn('key', dialect.text, required)
    .addColumn('payload', dialect.text, required)
    .addColumn('state', dialect.text, required)
    .addColumn('run_at', 'bigint', required)
    .addColumn('attempts', 'integer', required)
    .addColumn('lease_owner', dialect.text)
    .addColumn('lease_until', 'bigint')
    .addColumn('last_error', dialect.text)
    .addColumn('created_at', 'bigint', required)
    .execute()
  await index(tx, 'jobs', ['state', 'run_at'])
  await sql`create unique index jobs_key on jobs (kind, key) where state = 'waiting' and key <> ''`.execute(
    tx,
  )
  await dialect
    .createKeyedTable(tx, 'schedules')
    .addColumn('kind', dialect.text, (c) => c.primaryKey())
    .addColumn('every_seconds', 'integer', required)
    .addColumn('next_run_at', 'bigint', required)
    .execute()
  await dialect
    .createKeyedTable(tx, 'settings')
    .addColumn('key', dialect.text, (c) => c.primaryKey())
    .addColumn('value', dialect.text, required)
    .execute()
  await dialect
    .createTable(tx, 'changes', 'seq')
    .addColumn('topic', dialect.text, required)
    .addColumn('at', 'bigint', required)
    .execute()
}

function labelled(table: CreateTableBuilder<string, string>, dialect: Dialect) {
  return table
    .addColumn('consumer_labels', dialect.text, required)
    .addColumn('provider_labels', dialect.text, required)
    .addColumn('created_at', 'bigint', required)
}

function index(tx: Tx, table: string, columns: string[]) {
  return tx.schema
    .createIndex(`${table}_by_${columns.join('_')}`)
    .on(table)
    .columns(columns)
    .execute()
}

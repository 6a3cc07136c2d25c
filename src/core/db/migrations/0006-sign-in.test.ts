import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type { Tx } from '#core/db/schema.ts'
import { test } from '#runtime/test.ts'
import { openTestApp } from '#test/app.ts'
import { signInMigration } from './0006-sign-in.ts'

const CREATED = ['invitations', 'sign_ins', 'sign_in_devices']

/** The schema as it was before. */
async function undo(tx: Tx): Promise<void> {
  for (const table of CREATED) await tx.schema.dropTable(table).execute()
  await tx.schema.dropIndex('users_email_key').execute()
  await tx.schema.alterTable('users').dropColumn('email_key').execute()
  await tx.schema.alterTable('tokens').dropColumn('kind').execute()
  await tx.schema.alterTable('members').dropColumn('invited_email').execute()
}

test('accounts that share an address: the oldest signs in with it, the others not', async () => {
  const { app, close } = await openTestApp()
  try {
    const { db, dialect } = app.database
    await db.transaction().execute(async (tx) => {
      await undo(tx)
      const emails = ['Ann@example.org', 'ann@example.org', 'bob@example.org', '', '']
      for (const [index, email] of emails.entries()) {
        const key = `user${index}`
        await sql`insert into users (name, key, email, is_operator, created_at)
          values (${key}, ${key}, ${email}, 0, 0)`.execute(tx)
      }
      await sql`insert into tokens (name, user_id, hash, scopes, created_at, created_by)
        select 'old', id, 'h', 'read', 0, 'x' from users where key = 'user0'`.execute(tx)
      await signInMigration.up(tx, dialect)
    })
    const users = await db.selectFrom('users').select('emailKey').orderBy('id').execute()
    assert.deepEqual(
      users.map(({ emailKey }) => emailKey),
      ['ann@example.org', '', 'bob@example.org', '', ''],
    )
    const tokens = await db.selectFrom('tokens').select(['name', 'kind']).execute()
    assert.deepEqual(tokens, [{ name: 'old', kind: 'token' }])
  } finally {
    await close()
  }
})

import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** An empty database of its own on the server that TEST_DATABASE_URL names, or nothing without one. */
export async function createTestDatabase(): Promise<
  { url: string; drop(): Promise<void> } | undefined
> {
  // biome-ignore lint/style/noProcessEnv: the test runner tells its tests where PostgreSQL is.
  const server = process.env.TEST_DATABASE_URL
  if (!server) return undefined
  const name = `test_${randomBytes(8).toString('hex')}`
  await run(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => run(server, `drop database ${name} with (force)`) }
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

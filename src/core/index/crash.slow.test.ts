import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { verify } from '#core/verify/verify.ts'
import { test } from '#runtime/test.ts'
import { packElba } from '#test/elba-world.ts'
import { createTestDatabase } from '#test/postgres.ts'
import { newUser } from '#test/served.ts'
import { openData, type ProcessOptions, startServerProcess } from '#test/server-process.ts'

const KILLS = 5
const CLIENTS = 4

test(`kill -9 while an index is written, ${KILLS} times: nothing is lost, no history changes`, {
  timeout: 240_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'entrepot-index-crash-'))
  const database = await createTestDatabase()
  // The port changes with each start; what the index says of it must not.
  const settings = { ENTREPOT_PUBLIC_URL: 'http://registry.example.org' }
  const data: ProcessOptions = { dataDir, databaseUrl: database?.url, settings }
  const published = new Set<string>()
  let heads: string[] = []
  try {
    const { app, close } = await openData(data)
    const { secret } = await newUser(app, 'ann', { namespaces: ['acme'] })
    await close()
    for (let round = 0; round < KILLS; round++) {
      const server = await startServerProcess(data)
      const publishing = Array.from({ length: CLIENTS }, (_, client) =>
        publishUntilGone(server.url, { secret, name: `acme/p${client}`, round, published }),
      )
      await sleep(randomInt(300, 1_500))
      await server.kill()
      await Promise.all(publishing)
      heads = await checkHistory(data, heads)
    }
    const server = await startServerProcess(data)
    try {
      await sleep(1_000)
      const clone = join(dataDir, 'clone')
      execFileSync('git', ['clone', '--quiet', `${server.url}/elba/index.git`, clone])
      const found = new Set<string>()
      for (let client = 0; client < CLIENTS; client++) {
        const text = execFileSync('git', ['-C', clone, 'show', `HEAD:acme/p${client}`], {
          encoding: 'utf8',
        })
        for (const line of text.trimEnd().split('\n')) {
          const { name, version } = JSON.parse(line) as { name: string; version: string }
          found.add(`${name} ${version}`)
        }
      }
      assert.deepEqual(
        [...published].filter((one) => !found.has(one)),
        [],
      )
      const listed = execFileSync('git', ['-C', clone, 'rev-list', '--reverse', 'HEAD'], {
        encoding: 'utf8',
      })
      assert.deepEqual(listed.trim().split('\n').slice(0, heads.length), heads)
    } finally {
      await server.stop()
    }
    await checkHistory(data, heads)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
    await database?.drop()
  }
})

interface Publishing {
  readonly secret: string
  readonly name: string
  readonly round: number
  readonly published: Set<string>
}

/** Publishes version after version; notes those that were acknowledged. */
async function publishUntilGone(
  url: string,
  { secret, name, round, published }: Publishing,
): Promise<void> {
  for (let n = 0; ; n++) {
    const version = `1.${round}.${n}`
    const target = `${url}/elba/api/v1/packages/${name}/${version}/publish?token=${secret}`
    try {
      const body = packElba({ name, version })
      const answer = await fetch(target, { method: 'PUT', body: new Uint8Array(body) })
      const text = await answer.text()
      assert.equal(answer.status, 200, text)
      published.add(`${name} ${version}`)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return
    }
  }
}

/** The commits of the index, which begin with those that were there before; everything agrees. */
async function checkHistory(data: ProcessOptions, before: readonly string[]): Promise<string[]> {
  const { app, close } = await openData(data)
  try {
    const commits = await app.database.db
      .selectFrom('indexCommits')
      .select('commitId')
      .where('ecosystem', '=', 'elba')
      .orderBy('number')
      .execute()
    const heads = commits.map(({ commitId }) => commitId)
    assert.deepEqual(heads.slice(0, before.length), before)
    const problems: unknown[] = []
    await verify(app, { checkBytes: true, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
    return heads
  } finally {
    await close()
  }
}

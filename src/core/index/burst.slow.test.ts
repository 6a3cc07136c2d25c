import assert from 'node:assert/strict'
import { change } from '#core/db/change.ts'
import { startIndexWriter } from '#core/index/index-writer.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { CLONE } from '#test/git-world.ts'
import { type IndexWorld, openIndexWorld, publishElba } from '#test/index-world.ts'

const PACKAGES = 50
const RELEASES = 1_000
/** A commit at a time, with 600 ms between them, for as long as publishing takes. */
const MAX_COMMITS_PER_SECOND = 1.7
const MAX_DELAY_MS = 1_000

let w: IndexWorld

before(async () => {
  w = await openIndexWorld()
})
after(() => w.close())

const commits = async () =>
  Number(
    (
      await w.app.database.db
        .selectFrom('indexCommits')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
    ).count,
  )

/** What a reader of the git index finds of a package. */
async function versionsIn(clone: string, path: string): Promise<string[]> {
  const { stdout } = await w.home.try('-C', clone, 'show', `FETCH_HEAD:${path}`)
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => (JSON.parse(line) as { version: string }).version)
}

describe('an index in a burst', () => {
  test('of 1,000 publishes has a handful of commits, and shows each within a second', async () => {
    await w.home.run('init', '--quiet', '--bare', 'reader')
    const before = await commits()
    const startedAt = performance.now()
    let published = 0
    const publishing = (async () => {
      for (; published < RELEASES; published++) {
        await publishElba(w.app, `acme/p${published % PACKAGES}`, `1.${published}.0`)
      }
    })()
    while (published < RELEASES) {
      const known = published
      const askedAt = performance.now()
      await new Promise((resolve) => setTimeout(resolve, 700))
      await w.home.run('-C', 'reader', 'fetch', '--quiet', w.git, 'master')
      const tookMs = performance.now() - askedAt
      const last = known - 1
      const found = known === 0 ? [] : await versionsIn('reader', `acme/p${last % PACKAGES}`)
      const isIn = known === 0 || found.includes(`1.${last}.0`)
      assert.ok(isIn || tookMs < MAX_DELAY_MS, `1.${last}.0 is not in after ${tookMs} ms`)
    }
    await publishing
    const seconds = (performance.now() - startedAt) / 1000
    await w.writer.idle()
    const made = (await commits()) - before
    process.stderr.write(`${RELEASES} publishes in ${seconds.toFixed(1)} s: ${made} commits\n`)
    assert.ok(made <= 3 + seconds * MAX_COMMITS_PER_SECOND, `${made} commits in ${seconds} s`)
    await w.home.run('-C', 'reader', 'fetch', '--quiet', w.git, 'master')
    let total = 0
    for (let n = 0; n < PACKAGES; n++) total += (await versionsIn('reader', `acme/p${n}`)).length
    assert.equal(total, RELEASES)
  })

  test('that comes at once is one commit', async () => {
    const before = await commits()
    // Without a pause between them: as fast as a transaction takes them.
    await change(w.app, async (tx) => {
      const rows = await tx.selectFrom('releases').select('id').execute()
      await tx
        .updateTable('releases')
        .set({ yankedAt: 1 })
        .where(
          'id',
          'in',
          rows.map(({ id }) => id),
        )
        .execute()
      const { noteAllIndexChanges } = await import('./index-changes.ts')
      await noteAllIndexChanges(w.app, tx, 'elba')
    })
    await w.writer.idle()
    assert.equal((await commits()) - before, 1)
  })

  test('is read whole by every clone, while two processes write it', async () => {
    const twin = await w.registry.test.openTwin()
    const other = { ...twin, clock: w.app.clock, settings: w.app.settings }
    const second = startIndexWriter(other, { pollMs: 50, pauseMs: 20 })
    let isOver = false
    const publishing = (async () => {
      for (let n = 0; n < 60; n++) {
        await publishElba(n % 2 === 0 ? w.app : other, `foo-bar/q${n % 7}`, `2.${n}.0`)
      }
      isOver = true
    })()
    try {
      for (let n = 0; n < 3 || !isOver; n++) {
        const options = [[], ['--depth', '1'], ['--filter=blob:none']][n % 3] ?? []
        await w.home.run(...CLONE, ...options, w.git, `clone-${n}`)
        await w.home.run('-C', `clone-${n}`, 'fsck', '--full')
      }
      await publishing
      await second.idle()
      await w.writer.idle()
    } finally {
      await second.stop()
    }
    const problems: unknown[] = []
    await verify(w.app, {
      checkBytes: true,
      // These releases have no archive that could be read.
      onProblem: (problem) => problem.kind.startsWith('index') && problems.push(problem),
    })
    assert.deepEqual(problems, [])
  })
})

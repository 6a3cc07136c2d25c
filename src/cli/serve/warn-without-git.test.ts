import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openGit } from '#adapters/git.ts'
import type { Log } from '#core/app.ts'
import { test } from '#runtime/test.ts'
import { GIT } from '#test/app.ts'
import { warnWithoutGit } from './warn-without-git.ts'

test('who starts a server is warned where git is missing or too old', async () => {
  const root = await mkdtemp(join(tmpdir(), 'entrepot-git-'))
  const warnings: string[] = []
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: (_, message) => warnings.push(message),
    error: () => {},
  }
  const check = (program: string) =>
    warnWithoutGit({ git: openGit({ ...GIT, program, root, log }), log })
  try {
    const old = join(root, 'old-git')
    await writeFile(old, '#!/bin/sh\necho git version 2.20.1\n', { mode: 0o755 })
    await check('git')
    assert.deepEqual(warnings, [])
    await check(old)
    await check('git-that-is-not-there')
    assert.match(warnings[0] ?? '', /older than 2\.33/)
    assert.match(warnings[1] ?? '', /git cannot be used/)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
})

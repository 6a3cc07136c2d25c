import assert from 'node:assert/strict'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { collectGarbage } from '#core/blobs/collect.ts'
import {
  addPackage,
  newContent,
  publish,
  push,
  type TestPackage,
} from '#core/blobs/collect-fixture.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { getBlob } from '#core/blobs/get-blob.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { getReadablePackage } from '#core/packages/package.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, eventually, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { deleteRelease } from './delete-release.ts'
import { deprecateRelease } from './deprecate-release.ts'
import { getRelease } from './get-release.ts'
import { getReleaseLine, listReleases } from './list-releases.ts'
import { listTags } from './list-tags.ts'
import { moveTag } from './move-tag.ts'
import { removeRelease } from './remove-release.ts'
import { yankRelease } from './yank-release.ts'

describe('what happens to releases after they were published', () => {
  let t: TestApp
  let people: Record<'ann' | 'pat' | 'rae' | 'sam' | 'weak' | 'boss', Person>
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }
  let count = 0

  before(async () => {
    t = await openTestApp()
    const ann = await person(t.app, 'ann')
    people = {
      ann,
      pat: await person(t.app, 'pat'),
      rae: await person(t.app, 'rae'),
      sam: await person(t.app, 'sam'),
      boss: await person(t.app, 'boss', { isOperator: true }),
      weak: await credential(t.app, { user: 'ann' }, { scopes: ['read'] }),
    }
    await createNamespace(t.app, operator, { name: 'acme', owner: 'ann' })
    await addMember(t.app, operator, 'acme', { user: 'pat', role: 'publisher' })
    await addMember(t.app, operator, 'acme', { user: 'rae', role: 'reader' })
  })
  after(() => t.close())

  /** A package of its own for each test, with one release of two layers. */
  async function scene() {
    const pkg = await addPackage(t.app, 'acme', `p${++count}`)
    const layers = [newContent(), newContent()]
    for (const layer of layers) await push(t.app, pkg, layer)
    const version = await publish(t.app, pkg, layers, ['latest'])
    return { pkg, layers, version }
  }
  const line = async (pkg: TestPackage, version: string) =>
    getReleaseLine(t.app, await getReadablePackage(t.app, operator, pkg.ref), version)
  const audited = async (pkg: TestPackage) =>
    (
      await t.app.database.db
        .selectFrom('audit')
        .select(['action', 'detail', 'namespaceId'])
        .where('subject', '=', `package:oci:acme/${pkg.ref.name}`)
        .where('action', 'not in', ['release.publish', 'blob.push'])
        .orderBy('id')
        .execute()
    ).map(({ detail, ...row }) => ({ ...row, ...JSON.parse(detail) }))
  async function verifyClean() {
    const problems: unknown[] = []
    await verify(t.app, { checkBytes: false, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
  }
  async function table(
    cases: ReadonlyArray<readonly [keyof typeof people | 'nobody', string | undefined]>,
    act: (actor: Actor) => Promise<unknown>,
  ) {
    for (const [who, code] of cases) {
      const actor = who === 'nobody' ? nobody : await people[who].actor()
      if (code) await assert.rejects(act(actor), failsWith(code), who)
      else await act(actor)
    }
  }

  test('yank and unyank: publishers, idempotent, audited once, seen by a twin', async () => {
    const { pkg, version } = await scene()
    const twin = await t.openTwin()
    await getReadablePackage(twin, operator, pkg.ref)
    const yank = (isYanked: boolean) => (actor: Actor) =>
      yankRelease(t.app, actor, pkg.ref, { version, isYanked, reason: ' loses data ' })
    await table(
      [
        ['nobody', 'unauthenticated'],
        ['sam', 'forbidden'],
        ['rae', 'forbidden'],
        ['weak', 'scope_missing'],
        ['pat', undefined],
        ['ann', undefined],
      ],
      yank(true),
    )
    const yanked = await line(pkg, version)
    assert.ok(yanked.yankedAt)
    assert.equal(yanked.yankReason, 'loses data')
    await eventually(async () => {
      const from = await getReadablePackage(twin, operator, pkg.ref)
      assert.ok((await getRelease(twin, from, version)).yankedAt)
    })
    await yank(false)(await people.pat.actor())
    await yank(false)(await people.pat.actor())
    const { yankedAt, yankReason } = await line(pkg, version)
    assert.deepEqual({ yankedAt, yankReason }, { yankedAt: null, yankReason: null })
    const namespaceId = pkg.namespaceId
    assert.deepEqual(await audited(pkg), [
      { action: 'release.yank', namespaceId, version, reason: 'loses data' },
      { action: 'release.unyank', namespaceId, version, reason: 'loses data' },
    ])
    for (const unknown of ['1.0.0', 'x\0', '\ud800']) {
      const wanted = { version: unknown, isYanked: true }
      await assert.rejects(
        yankRelease(t.app, operator, pkg.ref, wanted),
        failsWith('release_unknown'),
      )
    }
  })

  test('deprecate: one release or all, cleared by null or blank, at most 500 characters', async () => {
    const { pkg, version } = await scene()
    const deprecate = (message: string | null, actor: Actor = operator) =>
      deprecateRelease(t.app, actor, pkg.ref, { version, message })
    await table(
      [
        ['nobody', 'unauthenticated'],
        ['sam', 'forbidden'],
        ['rae', 'forbidden'],
        ['weak', 'scope_missing'],
        ['pat', undefined],
      ],
      (actor) => deprecate('use 2.x', actor),
    )
    assert.equal((await line(pkg, version)).deprecation, 'use 2.x')
    for (const bad of ['a'.repeat(501), 'two\nlines', 'nul\0', 'half \ud800']) {
      await assert.rejects(deprecate(bad), failsWith('invalid_request'))
    }
    await deprecate('ü'.repeat(500))
    await deprecate('  ')
    assert.equal((await line(pkg, version)).deprecation, null)
    await deprecateRelease(t.app, await people.pat.actor(), pkg.ref, { message: 'all of it' })
    await deprecateRelease(t.app, operator, pkg.ref, { message: 'all of it' })
    assert.equal((await getReadablePackage(t.app, operator, pkg.ref)).deprecation, 'all of it')
    await deprecateRelease(t.app, operator, pkg.ref, { message: null })
    assert.equal((await getReadablePackage(t.app, operator, pkg.ref)).deprecation, null)
    const actions = (await audited(pkg)).map(({ action }) => action)
    assert.deepEqual(actions, [
      ...['release.deprecate', 'release.deprecate', 'release.deprecate'],
      ...['package.deprecate', 'package.deprecate'],
    ])
  })

  test('remove: operators, with a reason; the content is out of reach at once', async () => {
    const { pkg, version, layers } = await scene()
    const [shared = new Uint8Array(), own = new Uint8Array()] = layers
    const other = await publish(t.app, pkg, [shared], ['other'])
    const wanted = { version, reason: 'holds a private key' }
    await table(
      [
        ['nobody', 'unauthenticated'],
        ['sam', 'forbidden'],
        ['pat', 'forbidden'],
        ['ann', 'forbidden'],
      ],
      (actor) => removeRelease(t.app, actor, pkg.ref, wanted),
    )
    await assert.rejects(
      removeRelease(t.app, operator, pkg.ref, { version, reason: ' ' }),
      failsWith('invalid_request'),
    )
    const boss = await people.boss.actor()
    const { keptDigests } = await removeRelease(t.app, boss, pkg.ref, wanted)
    assert.deepEqual(keptDigests, [digestOf(shared)])
    const from = await getReadablePackage(t.app, operator, pkg.ref)
    await assert.rejects(getRelease(t.app, from, version), failsWith('gone'))
    await assert.rejects(getRelease(t.app, from, 'latest'), failsWith('release_unknown'))
    await assert.rejects(getBlob(t.app, from, digestOf(own)), failsWith('blob_unknown'))
    await assert.rejects(getBlob(t.app, from, version), failsWith('blob_unknown'))
    assert.equal((await getBlob(t.app, from, digestOf(shared))).size, shared.length)
    assert.equal((await getRelease(t.app, from, other)).version, other)
    const tags = await listTags(t.app, from, { limit: 10 })
    assert.deepEqual(
      tags.map(({ name }) => name),
      ['other'],
    )
    const { items } = await listReleases(t.app, from)
    assert.deepEqual(
      items.map((one) => [one.version, one.removedAt !== null]),
      [
        [other, false],
        [version, true],
      ],
    )
    const again = [
      () => removeRelease(t.app, operator, pkg.ref, wanted),
      () => yankRelease(t.app, operator, pkg.ref, { version, isYanked: true }),
      () => deprecateRelease(t.app, operator, pkg.ref, { version, message: 'x' }),
      () => moveTag(t.app, operator, pkg.ref, { name: 'back', version }),
    ]
    for (const verb of again) await assert.rejects(verb(), failsWith('gone'))
    await assert.rejects(
      deleteRelease(t.app, operator, pkg.ref, version),
      failsWith('release_unknown'),
    )
    await verifyClean()
    t.clock.advance(10_000)
    await collectGarbage(t.app, { dryRun: false })
    assert.equal(await blobRow(digestOf(own)), undefined)
    assert.ok(await blobRow(digestOf(shared)))
    await verifyClean()
  })

  test('a removed version is burnt, also when its package is made again', async () => {
    const { pkg, version, layers } = await scene()
    await removeRelease(t.app, operator, pkg.ref, { version, reason: 'why not' })
    const republish = async () => {
      for (const layer of layers) await push(t.app, pkg, layer)
      await publish(t.app, pkg, layers, ['latest'])
    }
    await assert.rejects(republish(), failsWith('conflict'))
    await deletePackage(t.app, operator, pkg.ref)
    await assert.rejects(republish(), failsWith('conflict'))
    const from = await getReadablePackage(t.app, operator, pkg.ref)
    await assert.rejects(getRelease(t.app, from, version), failsWith('gone'))
    await verifyClean()
  })

  test('of a private package, strangers hear nothing', async () => {
    const { pkg, version } = await scene()
    await updatePackage(t.app, operator, pkg.ref, { visibility: 'private' })
    for (const actor of [nobody, await people.sam.actor()]) {
      for (const verb of [
        () => yankRelease(t.app, actor, pkg.ref, { version, isYanked: true }),
        () => deprecateRelease(t.app, actor, pkg.ref, { version, message: 'x' }),
      ]) {
        await assert.rejects(verb(), failsWith('package_unknown'))
      }
    }
  })

  const blobRow = (digest: string) =>
    t.app.database.db
      .selectFrom('blobs')
      .select('digest')
      .where('digest', '=', digest)
      .executeTakeFirst()
})

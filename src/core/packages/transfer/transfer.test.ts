import assert from 'node:assert/strict'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import {
  addPackage,
  newContent,
  publish,
  push,
  type TestPackage,
} from '#core/blobs/collect-fixture.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deleteNamespace } from '#core/namespaces/delete-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import { updateNamespace } from '#core/namespaces/update-namespace.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { addOwner } from '#core/packages/owners/add-owner.ts'
import { listOwners } from '#core/packages/owners/list-owners.ts'
import { getReadablePackage, type PackageRef } from '#core/packages/package.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { getRelease } from '#core/releases/get-release.ts'
import { mayPublish } from '#core/releases/publish-release.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, eventually, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { acceptTransfer } from './accept-transfer.ts'
import { cancelTransfer, declineTransfer } from './end-transfer.ts'
import { findTransfer } from './find-transfer.ts'
import { listTransfers } from './list-transfers.ts'
import { offerTransfer } from './offer-transfer.ts'

const WEEK_SECONDS = 7 * 86_400

describe('transfer of a package', () => {
  let t: TestApp
  let twin: App
  const people: Record<string, Person> = {}
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }
  const as = async (name: string): Promise<Actor> => (await people[name]?.actor()) ?? nobody
  let count = 0

  before(async () => {
    t = await openTestApp()
    twin = await t.openTwin()
    for (const name of ['ann', 'pat', 'sam', 'sue', 'eve']) people[name] = await person(t.app, name)
    people.boss = await person(t.app, 'boss', { isOperator: true })
    await createNamespace(t.app, operator, { name: 'acme', owner: 'ann' })
    const samco = await createNamespace(t.app, operator, { name: 'samco', owner: 'sam' })
    await addMember(t.app, operator, 'acme', { user: 'pat', role: 'publisher' })
    await addMember(t.app, operator, 'samco', { user: 'sue', role: 'publisher' })
    people.weak = await credential(t.app, { user: 'ann' }, { scopes: ['read', 'publish'] })
    people.samWeak = await credential(t.app, { user: 'sam' }, { scopes: ['read', 'publish'] })
    people.away = await credential(t.app, { user: 'ann' }, { onlyNamespaces: [samco.id] })
  })
  after(() => t.close())

  async function scene() {
    const pkg = await addPackage(t.app, 'acme', `t${++count}`)
    const layers = [newContent(), newContent()]
    for (const layer of layers) await push(t.app, pkg, layer)
    const version = await publish(t.app, pkg, layers, ['latest'])
    const there: PackageRef = { ...pkg.ref, namespace: 'samco' }
    return { pkg, layers, version, there }
  }
  const offer = async (pkg: TestPackage, to = 'samco') =>
    (await offerTransfer(t.app, await as('ann'), pkg.ref, { to })).id
  const used = async (name: string) =>
    (
      await t.app.database.db
        .selectFrom('namespaces')
        .select('usedBytes')
        .where('key', '=', name)
        .executeTakeFirstOrThrow()
    ).usedBytes
  async function verifyClean() {
    const problems: unknown[] = []
    await verify(t.app, { checkBytes: false, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
  }

  test('moves everything, drops what the old side granted, in every process at once', async () => {
    const { pkg, version, there } = await scene()
    await addOwner(t.app, operator, pkg.ref, { user: 'eve', role: 'admin' })
    const limited = await credential(t.app, { user: 'ann' }, { onlyPackages: [pkg.id] })
    const robot = await credential(t.app, { namespace: 'acme', role: 'admin' }, { name: 'ci' })
    for (const who of [people.eve, limited, robot]) {
      await mayPublish(twin, (await who?.actor(twin)) ?? nobody, pkg.ref)
    }
    const [before1, before2] = [await used('acme'), await used('samco')]
    const size = (await getReadablePackage(t.app, nobody, pkg.ref)).id && (await bytesOf(pkg))
    const id = await offer(pkg)
    await mayPublish(t.app, await as('pat'), pkg.ref)
    const done = await acceptTransfer(t.app, await as('sam'), { id })
    const path = `samco/${pkg.ref.name}`
    assert.deepEqual([done.status, done.toPath, done.decidedBy], ['accepted', path, 'user:sam'])
    assert.deepEqual([await used('acme'), await used('samco')], [before1 - size, before2 + size])
    for (const app of [t.app, twin]) {
      await eventually(async () => {
        const moved = await getReadablePackage(app, nobody, there)
        assert.deepEqual([moved.id, moved.path], [pkg.id, path])
        assert.equal((await getRelease(app, moved, 'latest')).version, version)
        await assert.rejects(getReadablePackage(app, nobody, pkg.ref), (error: Error) => {
          assert.match(error.message, new RegExp(`moved to ${path}`))
          return failsWith('package_unknown')(error)
        })
        for (const who of [people.eve, people.ann, people.pat, limited, robot]) {
          const actor = (await who?.actor(app)) ?? nobody
          await assert.rejects(mayPublish(app, actor, there), failsWith('forbidden'))
        }
      })
    }
    assert.deepEqual((await listOwners(t.app, operator, there)).items, [])
    await mayPublish(t.app, await as('sue'), there)
    const lines = await t.app.database.db
      .selectFrom('audit')
      .innerJoin('namespaces', 'namespaces.id', 'audit.namespaceId')
      .select(['action', 'namespaces.name'])
      .where('subject', '=', `package:oci:acme/${pkg.ref.name}`)
      .where('action', 'like', 'transfer.%')
      .orderBy('audit.id')
      .execute()
    assert.deepEqual(
      lines.map(({ action, name }) => `${action} ${name}`),
      ['offer acme', 'offer samco', 'accept acme', 'accept samco'].map((one) => `transfer.${one}`),
    )
    await verifyClean()
  })

  const bytesOf = async (pkg: TestPackage) => {
    const rows = await t.app.database.db
      .selectFrom('packageBlobs')
      .innerJoin('blobs', 'blobs.digest', 'packageBlobs.digest')
      .select('blobs.size')
      .where('packageId', '=', pkg.id)
      .execute()
    return rows.reduce((sum, { size }) => sum + size, 0)
  }

  test('who may offer, see, accept, decline and cancel', async () => {
    const { pkg } = await scene()
    const offers = [
      ['nobody', 'unauthenticated'],
      ['sam', 'forbidden'],
      ['pat', 'forbidden'],
      ['weak', 'scope_missing'],
      ['away', 'forbidden'],
      ['eve', 'forbidden'],
    ] as const
    await addOwner(t.app, operator, pkg.ref, { user: 'eve', role: 'admin' })
    for (const [who, code] of offers) {
      const made = offerTransfer(t.app, await as(who), pkg.ref, { to: 'samco' })
      await assert.rejects(made, failsWith(code), who)
    }
    const id = await offer(pkg)
    await assert.rejects(offer(pkg), failsWith('conflict'))
    const verbs = {
      find: async (actor: Actor) => findTransfer(t.app, actor, id),
      accept: async (actor: Actor) => acceptTransfer(t.app, actor, { id }),
      decline: async (actor: Actor) => declineTransfer(t.app, actor, id),
      cancel: async (actor: Actor) => cancelTransfer(t.app, actor, id),
    }
    // find, accept, decline, cancel
    const table: Record<string, readonly (string | undefined)[]> = {
      nobody: Array(4).fill('unauthenticated'),
      eve: Array(4).fill('transfer_unknown'),
      pat: Array(4).fill('transfer_unknown'),
      sue: Array(4).fill('transfer_unknown'),
      away: Array(4).fill('transfer_unknown'),
      weak: Array(4).fill('scope_missing'),
      samWeak: Array(4).fill('scope_missing'),
      ann: [undefined, 'forbidden', 'forbidden', 'skip'],
      sam: [undefined, 'skip', 'skip', 'forbidden'],
    }
    for (const [who, codes] of Object.entries(table)) {
      for (const [at, verb] of Object.values(verbs).entries()) {
        const code = codes[at]
        if (code === undefined) await verb(await as(who))
        else if (code !== 'skip') {
          await assert.rejects(verb(await as(who)), failsWith(code), `${who} ${at}`)
        }
      }
    }
    for (const unknown of [999_999, -1, Number.NaN, 2 ** 60]) {
      const found = findTransfer(t.app, await as('sam'), unknown)
      await assert.rejects(found, failsWith('transfer_unknown'))
      await assert.rejects(findTransfer(t.app, nobody, 999_999), failsWith('unauthenticated'))
    }
    const seenBy = async (who: string) =>
      (await listTransfers(t.app, await as(who), { isPending: true })).items.map((one) => one.id)
    assert.deepEqual(await seenBy('ann'), [id])
    assert.deepEqual(await seenBy('sam'), [id])
    assert.deepEqual(await seenBy('boss'), [id])
    for (const who of ['pat', 'sue', 'eve', 'away']) assert.deepEqual(await seenBy(who), [], who)
    await assert.rejects(seenBy('nobody'), failsWith('unauthenticated'))
    await assert.rejects(seenBy('weak'), failsWith('scope_missing'))
    assert.equal((await verbs.decline(await as('sam'))).status, 'declined')
    for (const verb of [verbs.accept, verbs.decline]) {
      await assert.rejects(verb(await as('sam')), failsWith('conflict'))
    }
    const second = await offer(pkg)
    assert.equal((await cancelTransfer(t.app, await as('ann'), second)).status, 'cancelled')
    await assert.rejects(
      acceptTransfer(t.app, await as('sam'), { id: second }),
      failsWith('conflict'),
    )
  })

  test('to a user: who says where it goes, and hears nothing of others’ offers', async () => {
    const { pkg } = await scene()
    await createNamespace(t.app, operator, { name: `eveco${count}`, owner: 'eve' })
    const id = await offer(pkg, 'eve')
    assert.equal((await findTransfer(t.app, await as('eve'), id)).toUser, 'eve')
    await assert.rejects(
      acceptTransfer(t.app, await as('sam'), { id }),
      failsWith('transfer_unknown'),
    )
    const into = (namespace: string) => async () =>
      acceptTransfer(t.app, await as('eve'), { id, namespace })
    await assert.rejects(into('samco'), failsWith('forbidden'))
    await assert.rejects(into('nope'), failsWith('namespace_unknown'))
    const done = await acceptTransfer(t.app, await as('eve'), { id })
    assert.equal(done.toNamespace, `eveco${count}`)
    await assert.rejects(offer((await scene()).pkg, 'nope'), failsWith('namespace_unknown'))
    await verifyClean()
  })

  test('an offer ends after seven days, and makes room for another', async () => {
    const { pkg } = await scene()
    const id = await offer(pkg)
    t.clock.advance(WEEK_SECONDS - 1)
    assert.equal((await findTransfer(t.app, await as('sam'), id)).status, 'pending')
    t.clock.advance(1)
    assert.equal((await findTransfer(t.app, await as('sam'), id)).status, 'expired')
    const [sam, ann] = [await as('sam'), await as('ann')]
    const late = [
      () => acceptTransfer(t.app, sam, { id }),
      () => declineTransfer(t.app, sam, id),
      () => cancelTransfer(t.app, ann, id),
    ]
    for (const verb of late) await assert.rejects(verb(), failsWith('conflict'))
    const { items } = await listTransfers(t.app, await as('sam'), { isPending: true })
    assert.deepEqual(items, [])
    const again = await offer(pkg)
    await acceptTransfer(t.app, await as('sam'), { id: again })
  })

  test('a blob counts once per namespace, before and after; the target’s quotas hold', async () => {
    const { pkg, layers } = await scene()
    const [shared = new Uint8Array(), both = new Uint8Array()] = layers
    const stays = await addPackage(t.app, 'acme', `stays${count}`)
    await push(t.app, stays, shared)
    await publish(t.app, stays, [shared])
    const known = await addPackage(t.app, 'samco', `known${count}`)
    await push(t.app, known, both)
    await publish(t.app, known, [both])
    const id = await offer(pkg)
    await verifyClean()
    const taken = await used('samco')
    await updateNamespace(t.app, operator, 'samco', { maxBytes: taken + shared.length })
    const accept = async () => acceptTransfer(t.app, await as('sam'), { id })
    await assert.rejects(accept(), failsWith('quota_exceeded'))
    await verifyClean()
    const manifest = (await bytesOf(pkg)) - shared.length - both.length
    await updateNamespace(t.app, operator, 'samco', { maxBytes: taken + shared.length + manifest })
    await updateNamespace(t.app, operator, 'samco', { maxPackages: 1 })
    await assert.rejects(accept(), failsWith('quota_exceeded'))
    await updateNamespace(t.app, operator, 'samco', { maxPackages: null })
    await accept()
    assert.equal(await used('samco'), taken + shared.length + manifest)
    await updateNamespace(t.app, operator, 'samco', { maxBytes: null })
    await verifyClean()
  })

  test('names: taken ones are refused, left ones stay free for nobody but it', async () => {
    const { pkg, layers, there } = await scene()
    const id = await offer(pkg)
    const taken = await addPackage(t.app, 'samco', pkg.ref.name)
    await assert.rejects(acceptTransfer(t.app, await as('sam'), { id }), failsWith('name_taken'))
    await deletePackage(t.app, operator, taken.ref)
    await acceptTransfer(t.app, await as('sam'), { id })
    const [layer = new Uint8Array()] = layers
    await assert.rejects(push(t.app, pkg, layer), failsWith('name_taken'))
    const back = await offerTransfer(t.app, await as('sam'), there, { to: 'acme' })
    await acceptTransfer(t.app, await as('ann'), { id: back.id })
    assert.equal((await getReadablePackage(t.app, nobody, pkg.ref)).id, pkg.id)
    await push(t.app, pkg, layer)
    const here = offerTransfer(t.app, await as('ann'), pkg.ref, { to: 'acme' })
    await assert.rejects(here, failsWith('invalid_request'))
    await verifyClean()
  })

  test('private stays private, also in what is said of the old name', async () => {
    const { pkg, there } = await scene()
    await updatePackage(t.app, operator, pkg.ref, { visibility: 'private' })
    await acceptTransfer(t.app, await as('sam'), { id: await offer(pkg) })
    for (const who of ['nobody', 'ann', 'eve']) {
      const actor = await as(who)
      await assert.rejects(getReadablePackage(t.app, actor, there), failsWith('package_unknown'))
      await assert.rejects(getReadablePackage(t.app, actor, pkg.ref), (error: Error) => {
        assert.doesNotMatch(error.message, /moved/)
        return failsWith('package_unknown')(error)
      })
    }
    assert.equal((await getReadablePackage(t.app, await as('sue'), there)).visibility, 'private')
    await assert.rejects(getReadablePackage(t.app, await as('sue'), pkg.ref), /moved to samco/)
  })

  test('what ends a namespace or a package ends its offers', async () => {
    const { pkg } = await scene()
    await createNamespace(t.app, operator, { name: `gone${count}`, owner: 'sam' })
    const id = await offer(pkg, `gone${count}`)
    await deleteNamespace(t.app, operator, `gone${count}`)
    const accept = async () => acceptTransfer(t.app, await as('sam'), { id })
    await assert.rejects(accept(), failsWith('namespace_terminating'))
    await cancelTransfer(t.app, await as('ann'), id)
    await assert.rejects(offer(pkg, `gone${count}`), failsWith('namespace_terminating'))
    const second = await offer(pkg)
    await deletePackage(t.app, operator, pkg.ref)
    const found = findTransfer(t.app, await as('ann'), second)
    await assert.rejects(found, failsWith('transfer_unknown'))
  })

  test('accept against cancel: exactly one wins', async () => {
    for (let round = 0; round < 8; round++) {
      const { pkg } = await scene()
      const id = await offer(pkg)
      const [sam, ann] = [await as('sam'), await as('ann')]
      const verbs = [() => acceptTransfer(t.app, sam, { id }), () => cancelTransfer(twin, ann, id)]
      if (round % 2 === 1) verbs.reverse()
      const outcomes = await Promise.allSettled(verbs.map((verb) => verb()))
      const failed = outcomes.filter(({ status }) => status === 'rejected')
      assert.equal(failed.length, 1, JSON.stringify(outcomes))
      assert.ok(failed.every((one) => 'reason' in one && failsWith('conflict')(one.reason)))
      const { status } = await findTransfer(t.app, operator, id)
      const { namespaceId } = await rowOf(pkg)
      assert.equal(namespaceId !== pkg.namespaceId, status === 'accepted')
    }
    await verifyClean()
  })

  const rowOf = (pkg: TestPackage) =>
    t.app.database.db
      .selectFrom('packages')
      .select('namespaceId')
      .where('id', '=', pkg.id)
      .executeTakeFirstOrThrow()

  test('accept against pushes and a deletion: bytes are counted where the package is', async () => {
    for (let round = 0; round < 6; round++) {
      const { pkg, layers } = await scene()
      const id = await offer(pkg)
      const sam = await as('sam')
      const extra = Array.from({ length: 4 }, () => newContent())
      const work: Promise<unknown>[] = extra.map(async (content) => {
        await push(twin, pkg, content)
        await publish(twin, pkg, [...layers, content])
      })
      work.push(acceptTransfer(t.app, sam, { id }))
      if (round % 2 === 1) work.push(deletePackage(twin, await as('ann'), pkg.ref))
      for (const outcome of await Promise.allSettled(work)) {
        if (outcome.status === 'fulfilled') continue
        const { code } = outcome.reason as { code?: string }
        const fine = ['conflict', 'name_taken', 'package_unknown', 'transfer_unknown']
        // While a package is being deleted, its blobs go before it.
        if (round % 2 === 1) fine.push('manifest_blob_unknown')
        assert.ok(fine.includes(code ?? ''), String(outcome.reason))
      }
      await verifyClean()
    }
  })
})

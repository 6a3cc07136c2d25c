import assert from 'node:assert/strict'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { addPackage, type TestPackage } from '#core/blobs/collect-fixture.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { mayPublish } from '#core/releases/publish-release.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, eventually, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { addOwner } from './add-owner.ts'
import { listOwners } from './list-owners.ts'
import { removeOwner } from './remove-owner.ts'

describe('owners of a package', () => {
  let t: TestApp
  let web: TestPackage
  const people: Record<string, Person> = {}
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }
  const as = async (name: string): Promise<Actor> => (await people[name]?.actor()) ?? nobody

  before(async () => {
    t = await openTestApp()
    for (const name of ['ann', 'pat', 'rae', 'sam', 'eve']) people[name] = await person(t.app, name)
    await createNamespace(t.app, operator, { name: 'acme', owner: 'ann' })
    await addMember(t.app, operator, 'acme', { user: 'pat', role: 'publisher' })
    await addMember(t.app, operator, 'acme', { user: 'rae', role: 'reader' })
    web = await addPackage(t.app, 'acme', 'web')
    await addPackage(t.app, 'acme', 'other')
    people.weak = await credential(t.app, { user: 'ann' }, { scopes: ['read', 'publish'] })
    people.away = await credential(t.app, { user: 'ann' }, { onlyPackages: [web.id + 1] })
    people.here = await credential(t.app, { user: 'ann' }, { onlyPackages: [web.id] })
  })
  after(() => t.close())

  const owners = async () =>
    (await listOwners(t.app, operator, web.ref)).items.map(({ user, role }) => `${user} ${role}`)

  test('only admins add and remove; who may read, or publish, may not', async () => {
    const cases: ReadonlyArray<readonly [string, string | undefined]> = [
      ['nobody', 'unauthenticated'],
      ['sam', 'forbidden'],
      ['rae', 'forbidden'],
      ['pat', 'forbidden'],
      ['weak', 'scope_missing'],
      ['away', 'forbidden'],
      ['here', undefined],
      ['ann', undefined],
    ]
    for (const [who, code] of cases) {
      const actor = await as(who)
      const add = () => addOwner(t.app, actor, web.ref, { user: 'eve', role: 'publisher' })
      const remove = () => removeOwner(t.app, actor, web.ref, 'eve')
      if (!code) await add()
      else await assert.rejects(add(), failsWith(code), who)
      if (!code) await remove()
      else await assert.rejects(remove(), failsWith(code), who)
    }
    await assert.rejects(removeOwner(t.app, operator, web.ref, 'eve'), failsWith('not_found'))
    const wanted = { user: 'nobody', role: 'reader' } as const
    await assert.rejects(addOwner(t.app, operator, web.ref, wanted), failsWith('user_unknown'))
  })

  test('a role counts at once, everywhere, for this package alone', async () => {
    const twin = await t.openTwin()
    const other = { ...web.ref, name: 'other', key: 'other' }
    await assert.rejects(mayPublish(t.app, await as('eve'), web.ref), failsWith('forbidden'))
    await people.eve?.actor(twin)
    await addOwner(t.app, operator, web.ref, { user: 'eve', role: 'publisher' })
    await mayPublish(t.app, await as('eve'), web.ref)
    await assert.rejects(mayPublish(t.app, await as('eve'), other), failsWith('forbidden'))
    await eventually(async () => {
      const eve = await people.eve?.actor(twin)
      assert.equal(eve?.packageRoles.get(web.id), 'publisher')
    })
    await assert.rejects(
      addOwner(t.app, await as('eve'), web.ref, { user: 'eve', role: 'admin' }),
      failsWith('forbidden'),
    )
    await addOwner(t.app, operator, web.ref, { user: 'eve', role: 'admin' })
    await addOwner(t.app, await as('eve'), web.ref, { user: 'sam', role: 'reader' })
    assert.deepEqual(await owners(), ['eve admin', 'sam reader'])
    await removeOwner(t.app, await as('eve'), web.ref, 'eve')
    await removeOwner(t.app, await as('sam'), web.ref, 'sam')
    assert.deepEqual(await owners(), [])
    await assert.rejects(mayPublish(t.app, await as('eve'), web.ref), failsWith('forbidden'))
  })

  test('a role that is only a least one takes nothing away', async () => {
    const give = (role: 'reader' | 'publisher' | 'admin', isLeast: boolean) =>
      addOwner(t.app, operator, web.ref, { user: 'eve', role, isLeast })
    await give('publisher', true)
    assert.deepEqual(await owners(), ['eve publisher'])
    await give('admin', false)
    await give('publisher', true)
    assert.deepEqual(await owners(), ['eve admin'])
    await give('reader', false)
    await give('publisher', true)
    assert.deepEqual(await owners(), ['eve publisher'])
    await removeOwner(t.app, operator, web.ref, 'eve')
  })

  test('who may see owners', async () => {
    const cases = [
      ['nobody', 'unauthenticated'],
      ['sam', 'forbidden'],
      ['away', 'forbidden'],
      ['rae', undefined],
    ] as const
    for (const [who, code] of cases) {
      const listed = listOwners(t.app, await as(who), web.ref)
      if (code) await assert.rejects(listed, failsWith(code), who)
      else await listed
    }
    await updatePackage(t.app, operator, web.ref, { visibility: 'private' })
    for (const who of ['nobody', 'sam']) {
      const actor = await as(who)
      await assert.rejects(listOwners(t.app, actor, web.ref), failsWith('package_unknown'))
      const remove = removeOwner(t.app, actor, web.ref, 'sam')
      await assert.rejects(remove, failsWith('package_unknown'))
    }
  })
})

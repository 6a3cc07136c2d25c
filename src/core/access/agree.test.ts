import assert from 'node:assert/strict'
import fc from 'fast-check'
import { addPackage } from '#core/blobs/collect-fixture.ts'
import { change } from '#core/db/change.ts'
import type { Role, Visibility } from '#core/db/schema.ts'
import { after, before, test } from '#runtime/test.ts'
import { openTestApp, type TestApp } from '#test/app.ts'
import { holds } from '#test/hostile.ts'
import { ANONYMOUS, type Identity, SCOPES } from './actor.ts'
import { type Action, judge, type Resource } from './can.ts'
import { visiblePackages } from './visible.ts'

interface Known {
  readonly id: number
  readonly namespaceId: number
  readonly visibility: Visibility
}

let world: TestApp
const packages: Known[] = []

before(async () => {
  world = await openTestApp()
  const { app } = world
  for (const namespace of ['one', 'two', 'three']) {
    for (const [name, visibility] of [
      ['a', 'public'],
      ['b', 'private'],
      ['c', 'private'],
    ] as const) {
      const { id, namespaceId } = await addPackage(app, namespace, name)
      await change(app, (tx) =>
        tx.updateTable('packages').set({ visibility }).where('id', '=', id).execute(),
      )
      packages.push({ id, namespaceId, visibility })
    }
  }
})

after(() => world.close())

/** Small numbers, so that they mean namespaces and packages that are there, and some that are not. */
const ids = fc.array(fc.integer({ min: 1, max: 11 }), { maxLength: 4 })
const role = fc.constantFrom<Role>('reader', 'publisher', 'admin')
const roles = fc.array(fc.tuple(fc.integer({ min: 1, max: 11 }), role), { maxLength: 3 })
const limit = fc.option(
  ids.map((list) => new Set(list)),
  { nil: undefined },
)

const identity: fc.Arbitrary<Identity> = fc
  .record({
    kind: fc.constantFrom<Identity['kind']>('anonymous', 'user', 'robot'),
    isOperator: fc.boolean(),
    scopes: fc.subarray([...SCOPES]).map((list) => new Set(list)),
    roles: roles.map((list) => new Map(list)),
    packageRoles: roles.map((list) => new Map(list)),
    onlyNamespaces: limit,
    onlyPackages: limit,
  })
  .map(({ onlyNamespaces, onlyPackages, ...rest }) => ({
    ...ANONYMOUS,
    ...rest,
    ...(onlyNamespaces && { onlyNamespaces }),
    ...(onlyPackages && { onlyPackages }),
  }))

function resourceOf(one: Known): Resource {
  return { namespaceId: one.namespaceId, package: one }
}

test('the list of readable packages is those that are readable one by one', async () => {
  await holds(300, identity, async (actor) => {
    const rows = await world.app.database.db
      .selectFrom('packages')
      .select('id')
      .where(visiblePackages(actor))
      .orderBy('id')
      .execute()
    const oneByOne = packages.filter((one) => judge(actor, 'read', resourceOf(one)) === 'yes')
    assert.deepEqual(
      rows.map((row) => row.id),
      oneByOne.map((one) => one.id).sort((a, b) => a - b),
    )
  })
})

test('who may do more may read, what is hidden is hidden for all, and more limits never allow more', async () => {
  const actions: readonly Action[] = ['publish', 'delete', 'manage']
  await holds(300, fc.tuple(identity, ids), async ([actor, less]) => {
    for (const one of packages) {
      const resource = resourceOf(one)
      const canRead = judge(actor, 'read', resource) === 'yes'
      const narrowed = {
        ...actor,
        onlyPackages: new Set(less.filter((id) => actor.onlyPackages?.has(id) ?? true)),
      }
      for (const action of actions) {
        const verdict = judge(actor, action, resource)
        if (verdict === 'yes' && one.visibility === 'private') assert.ok(canRead)
        if (!canRead)
          assert.equal(verdict, 'hidden', `${action} tells a stranger of a private package`)
        if (judge(narrowed, action, resource) === 'yes') assert.equal(verdict, 'yes')
      }
      if (judge(narrowed, 'read', resource) === 'yes') assert.ok(canRead)
    }
  })
})

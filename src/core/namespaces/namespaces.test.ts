import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { createNamespace, type NewNamespace } from './create-namespace.ts'
import { deleteNamespace } from './delete-namespace.ts'
import { getNamespace } from './find-namespace.ts'
import type { Labels } from './labels.ts'
import { listNamespaces } from './list-namespaces.ts'
import { addMember } from './members/add-member.ts'
import { updateNamespace } from './update-namespace.ts'

describe('namespaces', () => {
  let t: TestApp
  let ann: Person
  let bob: Person
  let boss: Person
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }

  before(async () => {
    t = await openTestApp({ defaultQuotaBytes: 1000 })
    ann = await person(t.app, 'ann')
    bob = await person(t.app, 'bob')
    boss = await person(t.app, 'boss', { isOperator: true })
  })
  after(() => t.close())

  const audited = (name: string) =>
    t.app.database.db
      .selectFrom('audit')
      .select(['action', 'actor', 'namespaceId'])
      .where('subject', '=', `namespace:${name}`)
      .orderBy('id')
      .execute()

  test('whoever makes one is its admin', async () => {
    const acme = await createNamespace(t.app, await ann.actor(), { name: 'Acme_1' })
    assert.equal(acme.name, 'acme_1')
    assert.equal(acme.status, 'active')
    assert.equal(acme.maxBytes, 1000)
    assert.equal((await ann.actor()).roles.get(acme.id), 'admin')
    assert.deepEqual(await getNamespace(t.app.database.db, 'ACME-1'), acme)
    assert.deepEqual(await audited('acme_1'), [
      { action: 'namespace.create', actor: 'user:ann', namespaceId: acme.id },
    ])
    await assert.rejects(
      createNamespace(t.app, await bob.actor(), { name: 'acme-1' }),
      failsWith('name_taken'),
    )
    await assert.rejects(getNamespace(t.app.database.db, 'a\0'), failsWith('namespace_unknown'))
  })

  test('who may make which', async () => {
    const readOnly = await credential(t.app, { user: 'ann' }, { scopes: ['read', 'publish'] })
    const { id } = await getNamespace(t.app.database.db, 'acme_1')
    const limited = await credential(t.app, { user: 'ann' }, { onlyNamespaces: [id] })
    const labels = { tier: 'gold' }
    const cases: Array<[Actor, Partial<NewNamespace>, string | undefined]> = [
      [nobody, {}, 'unauthenticated'],
      [await readOnly.actor(), {}, 'scope_missing'],
      [await limited.actor(), {}, 'forbidden'],
      [await ann.actor(), { owner: 'bob' }, 'forbidden'],
      [await ann.actor(), { owner: 'nobody' }, 'forbidden'],
      [await ann.actor(), { maxBytes: null }, 'forbidden'],
      [await ann.actor(), { providerLabels: labels }, 'forbidden'],
      [await ann.actor(), { name: 'library' }, 'forbidden'],
      [await ann.actor(), { name: 'api' }, 'name_invalid'],
      [await ann.actor(), { owner: 'Ann', consumerLabels: labels }, undefined],
      [operator, {}, 'invalid_request'],
      [operator, { owner: 'nobody' }, 'user_unknown'],
      [operator, { owner: 'bob', maxBytes: null, providerLabels: labels }, undefined],
      [await boss.actor(), { owner: 'bob', maxPackages: 5 }, undefined],
      [await boss.actor(), { owner: 'bob', maxPackages: -1 }, 'invalid_request'],
      [await boss.actor(), { name: 'library' }, undefined],
    ]
    for (const [i, [actor, wanted, code]] of cases.entries()) {
      const made = createNamespace(t.app, actor, { name: `made-${i}`, ...wanted })
      if (code) await assert.rejects(made, failsWith(code), `case ${i}`)
      else assert.ok((await made).id)
    }
    assert.equal((await getNamespace(t.app.database.db, 'made-12')).maxBytes, null)
  })

  test('labels and quotas are changed by those who may', async () => {
    const change = async (who: Person, wanted: Parameters<typeof updateNamespace>[3]) =>
      updateNamespace(t.app, await who.actor(), 'acme_1', wanted)
    const labels = { team: 'a "b" \\ \0 é' }
    assert.deepEqual((await change(ann, { consumerLabels: labels })).consumerLabels, labels)
    await assert.rejects(change(ann, { providerLabels: labels }), failsWith('forbidden'))
    await assert.rejects(change(ann, { maxBytes: 5 }), failsWith('forbidden'))
    await assert.rejects(change(bob, { consumerLabels: {} }), failsWith('forbidden'))
    await assert.rejects(change(boss, {}), failsWith('invalid_request'))
    const changed = await change(boss, {
      providerLabels: { tier: '1' },
      maxBytes: null,
      maxProjects: 2,
    })
    assert.deepEqual(changed.consumerLabels, labels)
    assert.deepEqual(changed.providerLabels, { tier: '1' })
    assert.equal(changed.maxBytes, null)
    assert.equal(changed.maxProjects, 2)
    assert.deepEqual(
      (await audited('acme_1')).map(({ action, actor }) => [action, actor]),
      [
        ['namespace.create', 'user:ann'],
        ['namespace.update', 'user:ann'],
        ['namespace.update', 'user:boss'],
      ],
    )
  })

  test('labels have limits', async () => {
    const numbered = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, '']))
    const set = async (consumerLabels: Labels) =>
      updateNamespace(t.app, await ann.actor(), 'acme_1', { consumerLabels })
    await set(numbered(64))
    await set({ ['k'.repeat(128)]: 'v'.repeat(1024) })
    const bad: Labels[] = [
      numbered(65),
      { '': 'x' },
      { ['k'.repeat(129)]: '' },
      { k: 'v'.repeat(1025) },
      { 'a"b': '' },
      { 'a\\b': '' },
      { 'a\nb': '' },
      { k: 1 as unknown as string },
    ]
    for (const labels of bad) await assert.rejects(set(labels), failsWith('invalid_request'))
  })

  test('lists page by key and filter by label and member', async () => {
    const make = (name: string, consumer: Labels, provider: Labels) =>
      createNamespace(t.app, operator, {
        name,
        owner: 'bob',
        consumerLabels: consumer,
        providerLabels: provider,
      })
    await make('list1', { env: 'prod', Team: 'x' }, {})
    await make('list2', { env: 'test' }, { team: 'x' })
    await make('list3', {}, { env: 'prod', team: 'x"y' })
    const names = async (...labels: Array<{ key: string; value?: string }>) =>
      (await listNamespaces(t.app, nobody, { labels })).items.map(({ name }) => name)
    assert.deepEqual(await names({ key: 'env' }), ['list1', 'list2', 'list3'])
    assert.deepEqual(await names({ key: 'env', value: 'prod' }), ['list1', 'list3'])
    assert.deepEqual(await names({ key: 'env', value: 'pro' }), [])
    assert.deepEqual(await names({ key: 'team' }), ['list2', 'list3'])
    assert.deepEqual(await names({ key: 'team', value: 'x' }), ['list2'])
    assert.deepEqual(await names({ key: 'team', value: 'x"y' }, { key: 'env' }), ['list3'])
    assert.deepEqual(await names({ key: 'en' }), [])
    assert.deepEqual(await names({ key: '"' }), [])

    const labels = [{ key: 'env' }]
    const page = await listNamespaces(t.app, nobody, { labels, limit: 2 })
    assert.deepEqual([page.items.length, page.next], [2, 'list2'])
    const rest = await listNamespaces(t.app, nobody, { labels, limit: 2, after: 'list2' })
    assert.deepEqual([rest.items.map(({ name }) => name), rest.next], [['list3'], undefined])

    await addMember(t.app, operator, 'list3', { user: 'ann', role: 'reader' })
    const mine = await listNamespaces(t.app, await ann.actor(), { labels, memberOf: 'ann' })
    assert.deepEqual(
      mine.items.map(({ name }) => name),
      ['list3'],
    )
    const asked = { labels, memberOf: 'bob' }
    assert.equal((await listNamespaces(t.app, await boss.actor(), asked)).items.length, 3)
    await assert.rejects(listNamespaces(t.app, await ann.actor(), asked), failsWith('forbidden'))
    await assert.rejects(listNamespaces(t.app, nobody, asked), failsWith('unauthenticated'))
  })

  test('a label is found exactly where it is, whatever is in the others', async () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab:,"\\{}%_'), maxLength: 6 })
    const key = fc
      .string({ unit: fc.constantFrom(...'ab:,{}%_'), minLength: 1, maxLength: 4 })
      .filter((one) => !/^[:,}]/.test(one))
    const map = fc.dictionary(key, text, { maxKeys: 4 })
    const actor = await ann.actor()
    await createNamespace(t.app, actor, { name: 'find-me' })
    let found = 0
    await fc.assert(
      fc.asyncProperty(map, key, text, async (labels, key, value) => {
        await updateNamespace(t.app, await ann.actor(), 'find-me', { consumerLabels: labels })
        const wanted = [...Object.entries(labels), [key, value] as const]
        for (const [k, v] of wanted) {
          const isThere = Object.hasOwn(labels, k) && labels[k] === v
          if (isThere) found++
          const filter = { labels: [{ key: k, value: v }], memberOf: 'ann' }
          const { items } = await listNamespaces(t.app, actor, filter)
          assert.equal(
            items.some(({ name }) => name === 'find-me'),
            isThere,
          )
        }
      }),
      { numRuns: 60 },
    )
    assert.ok(found > 10)
  })

  test('ending one takes an admin or operator, shows at once and enqueues one job', async () => {
    const { id } = await createNamespace(t.app, await ann.actor(), { name: 'doomed' })
    const robot = await credential(t.app, { namespace: 'doomed', role: 'reader' })
    await robot.actor()
    await assert.rejects(
      deleteNamespace(t.app, await bob.actor(), 'doomed'),
      failsWith('forbidden'),
    )
    await assert.rejects(deleteNamespace(t.app, nobody, 'doomed'), failsWith('unauthenticated'))
    await deleteNamespace(t.app, await ann.actor(), 'doomed')
    await deleteNamespace(t.app, await boss.actor(), 'doomed')
    assert.equal((await getNamespace(t.app.database.db, 'doomed')).status, 'terminating')
    await assert.rejects(robot.actor(), failsWith('credential_invalid'))
    const jobs = await t.app.database.db
      .selectFrom('jobs')
      .select(['kind', 'key', 'payload'])
      .where('kind', '=', 'namespace.delete')
      .execute()
    assert.deepEqual(jobs, [
      { kind: 'namespace.delete', key: String(id), payload: JSON.stringify({ namespaceId: id }) },
    ])
    assert.deepEqual(
      (await audited('doomed')).map(({ action }) => action),
      ['namespace.create', 'namespace.delete'],
    )
    const late = updateNamespace(t.app, await ann.actor(), 'doomed', { consumerLabels: {} })
    await assert.rejects(late, failsWith('namespace_terminating'))
    await assert.rejects(
      createNamespace(t.app, await bob.actor(), { name: 'doomed' }),
      failsWith('name_taken'),
    )
  })
})

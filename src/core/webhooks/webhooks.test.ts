import assert from 'node:assert/strict'
import type { Actor } from '#core/access/actor.ts'
import { ANONYMOUS } from '#core/access/actor.ts'
import { listAudit } from '#core/audit/list-audit.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deleteNamespace } from '#core/namespaces/delete-namespace.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { acceptTransfer } from '#core/packages/transfer/accept-transfer.ts'
import { offerTransfer } from '#core/packages/transfer/offer-transfer.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { deleteRelease } from '#core/releases/delete-release.ts'
import { deprecateRelease } from '#core/releases/deprecate-release.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import { removeRelease } from '#core/releases/remove-release.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import { after, before, beforeEach, describe, test } from '#runtime/test.ts'
import { credential, eventually, failsWith, type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { applyConfiguredWebhooks } from './configured.ts'
import { createWebhook, type NewWebhook } from './create-webhook.ts'
import { deleteWebhook } from './delete-webhook.ts'
import { listDeliveries } from './list-deliveries.ts'
import { getWebhook, listWebhooks } from './list-webhooks.ts'
import { pingWebhook } from './ping-webhook.ts'
import { redeliver } from './redeliver.ts'
import { updateWebhook } from './update-webhook.ts'

const HOOK = 'https://hooks.example.org/one'

describe('webhooks', () => {
  let t: TestApp
  let ann: Person
  let sam: Person
  const nobody: Actor = { ...ANONYMOUS, address: '', requestId: '' }
  const ref = (name: string, namespace = 'acme') =>
    ({ ecosystem: 'oci', namespace, name, key: name }) as const

  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    sam = await person(t.app, 'sam')
    await createNamespace(t.app, operator, { name: 'acme', owner: 'ann' })
    await createNamespace(t.app, operator, { name: 'samco', owner: 'sam' })
    for (const name of ['web', 'secret']) await publish(name, '0')
    await updatePackage(t.app, operator, ref('secret'), { visibility: 'private' })
  })
  after(() => t.close())
  beforeEach(async () => {
    for (const { id } of (await listWebhooks(t.app, operator, { limit: 1000 })).items) {
      await deleteWebhook(t.app, operator, id)
    }
  })

  async function publish(
    name: string,
    what: string,
    tags: string[] = [],
    { namespace = 'acme', app = t.app } = {},
  ) {
    const bytes = new TextEncoder().encode(JSON.stringify({ name, what }))
    const hash = await crypto.subtle.digest('SHA-256', bytes)
    const digest = `sha256:${Buffer.from(hash).toString('hex')}`
    await publishRelease(app, operator, ref(name, namespace), {
      version: digest,
      bytes,
      digest,
      mediaType: 'application/json',
      kind: '',
      metadata: {},
      files: [],
      tags,
    })
    return digest
  }
  const add = async (asked: Partial<NewWebhook> = {}, actor = operator) =>
    (await createWebhook(t.app, actor, { url: HOOK, ...asked })).webhook
  /** What is to be delivered, in the order that it happened. */
  async function told(id: number) {
    const { items } = await listDeliveries(t.app, operator, id, { limit: 1000 })
    return items.toReversed().map(({ body }) => JSON.parse(body))
  }
  const events = async (id: number) => (await told(id)).map(({ event, name }) => `${event} ${name}`)

  test('are told of each event, once it is committed, with what there is to say', async () => {
    const { id } = await add({ namespace: 'acme' })
    const digest = await publish('app', '1', ['latest', 'v1'])
    await publish('app', '1', ['latest'])
    const yank = { version: digest, isYanked: true, reason: 'broken' }
    await yankRelease(t.app, await ann.actor(), ref('app'), yank)
    await yankRelease(t.app, await ann.actor(), ref('app'), { version: digest, isYanked: false })
    await deprecateRelease(t.app, operator, ref('app'), { message: 'use web' })
    await deprecateRelease(t.app, operator, ref('app'), { version: digest, message: 'old' })
    await updatePackage(t.app, operator, ref('app'), { visibility: 'private' })
    await updatePackage(t.app, operator, ref('app'), { immutableTags: true })
    await updatePackage(t.app, operator, ref('app'), { visibility: 'public' })
    await removeRelease(t.app, operator, ref('app'), { version: digest, reason: 'malware' })
    const second = await publish('app', '2')
    await deleteRelease(t.app, operator, ref('app'), second)
    await deletePackage(t.app, operator, ref('app'))
    const at = t.clock.now.toISOString()
    const always = { at, ecosystem: 'oci', name: 'acme/app', visibility: 'public' }
    const cli = { ...always, actor: 'system:cli' }
    const all = (await told(id)).map(({ id: messageId, ...rest }) => {
      assert.match(messageId, /^msg_[0-9a-f]{32}$/)
      return rest
    })
    const release = { version: digest, digest }
    assert.deepEqual(all, [
      { event: 'publish', ...cli, ...release, tags: ['latest', 'v1'] },
      { event: 'yank', ...always, actor: 'user:ann', ...release, reason: 'broken' },
      { event: 'unyank', ...always, actor: 'user:ann', ...release },
      { event: 'deprecate', ...cli, message: 'use web' },
      { event: 'deprecate', ...cli, ...release, message: 'old' },
      { event: 'visibility', ...cli, visibility: 'private' },
      { event: 'visibility', ...cli },
      { event: 'remove', ...cli, ...release, reason: 'malware' },
      { event: 'publish', ...cli, version: second, digest: second },
      { event: 'delete', ...cli, version: second },
      { event: 'delete', ...cli },
    ])
    assert.equal(new Set((await told(id)).map((one) => one.id)).size, all.length)
  })

  test('hear nothing of what failed', async () => {
    const { id } = await add()
    const version = await publish('kept', '1')
    const before = (await told(id)).length
    const wrong = removeRelease(t.app, operator, ref('kept'), { version, reason: '' })
    await assert.rejects(wrong, failsWith('invalid_request'))
    await assert.rejects(deletePackage(t.app, operator, ref('missing')))
    assert.equal((await told(id)).length, before)
  })

  test('are told of the events, the ecosystem and the namespace that they asked for', async () => {
    const ids = {
      all: (await add()).id,
      acme: (await add({ namespace: 'acme' })).id,
      samco: (await add({ namespace: 'samco' })).id,
      yanks: (await add({ events: ['yank', 'unyank'] })).id,
      ori: (await add({ ecosystem: 'ori' })).id,
      oci: (await add({ namespace: 'acme', ecosystem: 'oci', events: ['publish'] })).id,
    }
    const version = await publish('filtered', '1')
    await yankRelease(t.app, operator, ref('filtered'), { version, isYanked: true })
    const both = ['publish acme/filtered', 'yank acme/filtered']
    assert.deepEqual(await events(ids.all), both)
    assert.deepEqual(await events(ids.acme), both)
    assert.deepEqual(await events(ids.samco), [])
    assert.deepEqual(await events(ids.yanks), both.slice(1))
    assert.deepEqual(await events(ids.ori), [])
    assert.deepEqual(await events(ids.oci), both.slice(0, 1))
    const [one] = await told(ids.all)
    const [same] = await told(ids.acme)
    // One event is one message: who hears of it twice can tell.
    assert.equal(one.id, same.id)
  })

  test('private packages are told to their namespace and to the operators alone', async () => {
    const docs = { kind: 'form-package-name' as const, events: ['publish' as const] }
    const [all, acme, samco, form, ownForm] = [
      await add(),
      await add({ namespace: 'acme' }, await ann.actor()),
      await add({ namespace: 'samco' }, await sam.actor()),
      await add(docs),
      await add({ ...docs, namespace: 'acme' }),
    ]
    await publish('secret', 'new')
    assert.deepEqual(await events(all.id), ['publish acme/secret'])
    assert.deepEqual(await events(acme.id), ['publish acme/secret'])
    for (const { id } of [samco, form, ownForm]) {
      assert.equal((await listDeliveries(t.app, operator, id)).items.length, 0)
    }
    await publish('web', 'new')
    const { items } = await listDeliveries(t.app, operator, form.id)
    assert.deepEqual(
      items.map(({ body }) => body),
      ['packageName=acme%2Fweb'],
    )
    assert.equal((await listDeliveries(t.app, operator, samco.id)).items.length, 0)
  })

  test('a transfer is told to both sides', async () => {
    await publish('moving', '1')
    const acme = await add({ namespace: 'acme' })
    const samco = await add({ namespace: 'samco' })
    const offer = await offerTransfer(t.app, await ann.actor(), ref('moving'), { to: 'samco' })
    await acceptTransfer(t.app, await sam.actor(), { id: offer.id })
    for (const { id } of [acme, samco]) {
      const [message, ...rest] = await told(id)
      assert.deepEqual(rest, [])
      assert.equal(message.event, 'transfer')
      assert.equal(message.name, 'samco/moving')
      assert.equal(message.formerName, 'acme/moving')
      assert.equal(message.actor, 'user:sam')
    }
    await publish('moving', '2', [], { namespace: 'samco' })
    assert.equal((await told(acme.id)).length, 1)
    assert.equal((await told(samco.id)).length, 2)
  })

  test('in another process, too, and not any more once they are off or gone', async () => {
    const twin = await t.openTwin()
    const publishThere = (what: string) => publish('web', what, [], { app: twin })
    await publishThere('before')
    const { id } = await add()
    await eventually(async () => {
      await publishThere(crypto.randomUUID())
      assert.ok((await told(id)).length > 0)
    })
    await updateWebhook(t.app, operator, id, { isActive: false })
    await eventually(async () => {
      const before = (await told(id)).length
      await publishThere(crypto.randomUUID())
      assert.equal((await told(id)).length, before)
    })
    await deleteWebhook(t.app, operator, id)
    await publishThere(crypto.randomUUID())
  })

  test('are managed by admins of their namespace and by operators', async () => {
    const weak = await credential(t.app, { user: 'ann' }, { scopes: ['read', 'publish'] })
    const boss = await (await person(t.app, 'boss', { isOperator: true })).actor()
    const own = await add({ namespace: 'acme' })
    const whole = await add()
    const verbs = (id: number): Array<(actor: Actor) => Promise<unknown>> => [
      (actor) => getWebhook(t.app, actor, id),
      (actor) => updateWebhook(t.app, actor, id, { events: ['publish'] }),
      (actor) => listDeliveries(t.app, actor, id),
      (actor) => redeliver(t.app, actor, id),
      (actor) => pingWebhook(t.app, actor, id),
    ]
    for (const verb of [
      ...verbs(own.id),
      (actor: Actor) => listWebhooks(t.app, actor, { namespace: 'acme' }),
      (actor: Actor) => createWebhook(t.app, actor, { url: HOOK, namespace: 'acme' }),
    ]) {
      await verb(await ann.actor())
      await verb(boss)
      await assert.rejects(verb(nobody), failsWith('unauthenticated'))
      await assert.rejects(verb(await weak.actor()), failsWith('scope_missing'))
      await assert.rejects(verb(await sam.actor()), (error) =>
        failsWithAny(error, ['webhook_unknown', 'forbidden']),
      )
    }
    for (const verb of verbs(whole.id)) {
      await verb(boss)
      await assert.rejects(verb(await ann.actor()), failsWith('webhook_unknown'))
    }
    await assert.rejects(listWebhooks(t.app, await ann.actor()), failsWith('forbidden'))
    await assert.rejects(add({}, await ann.actor()), failsWith('forbidden'))
    await assert.rejects(getWebhook(t.app, boss, 999_999), failsWith('webhook_unknown'))
    const theirs = deleteWebhook(t.app, await sam.actor(), own.id)
    await assert.rejects(theirs, failsWith('webhook_unknown'))
    await deleteWebhook(t.app, await ann.actor(), own.id)
    await assert.rejects(getWebhook(t.app, boss, own.id), failsWith('webhook_unknown'))
  })

  test('every change is in the audit, and no secret nor path is', async () => {
    const url = 'https://hooks.example.org/path-that-is-a-secret?key=so-is-this'
    const actor = await ann.actor()
    const { webhook, secret = '' } = await createWebhook(t.app, actor, { url, namespace: 'acme' })
    const news = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
    await updateWebhook(t.app, actor, webhook.id, { secret: news })
    await pingWebhook(t.app, actor, webhook.id)
    await redeliver(t.app, actor, webhook.id)
    await deleteWebhook(t.app, actor, webhook.id)
    const { items } = await listAudit(t.app, actor, { namespace: 'acme', limit: 5 })
    const subject = `webhook:${webhook.id}`
    assert.deepEqual(
      items.map((line) => [line.action, line.subject]).toReversed(),
      ['create', 'update', 'ping', 'redeliver', 'delete'].map((verb) => [
        `webhook.${verb}`,
        subject,
      ]),
    )
    const text = JSON.stringify(items)
    for (const hidden of ['path-that-is', 'so-is-this', secret.slice(6), news.slice(6)]) {
      assert.ok(!text.includes(hidden), hidden)
    }
  })

  test('what makes no sense is refused', async () => {
    const { id } = await add({ namespace: 'acme' })
    const cases: ReadonlyArray<[() => Promise<unknown>, string]> = [
      [() => add({ url: 'http://10.0.0.1/' }), 'unprocessable'],
      [() => updateWebhook(t.app, operator, id, { url: 'http://[::1]/' }), 'unprocessable'],
      [() => add({ url: 'ftp://a.example/' }), 'invalid_request'],
      [() => add({ events: [] }), 'invalid_request'],
      [() => add({ secret: 'short' }), 'invalid_request'],
      [() => add({ ecosystem: 'nix' }), 'not_found'],
      [() => add({ namespace: 'nowhere' }), 'namespace_unknown'],
      [() => updateWebhook(t.app, operator, id, {}), 'invalid_request'],
      [() => redeliver(t.app, operator, id, 999_999), 'delivery_unknown'],
    ]
    for (const [make, code] of cases) await assert.rejects(make(), failsWith(code))
    const form = await add({ kind: 'form-package-name' })
    const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
    await assert.rejects(
      updateWebhook(t.app, operator, form.id, { secret }),
      failsWith('invalid_request'),
    )
    await updateWebhook(t.app, operator, id, { isActive: false })
    await assert.rejects(pingWebhook(t.app, operator, id), failsWith('conflict'))
    await assert.rejects(redeliver(t.app, operator, id), failsWith('conflict'))
  })

  test('a namespace has twenty at most; they go with it', async () => {
    await createNamespace(t.app, operator, { name: 'many', owner: 'ann' })
    for (let count = 0; count < 20; count++) await add({ namespace: 'many' })
    await assert.rejects(add({ namespace: 'many' }), failsWith('quota_exceeded'))
    await deleteNamespace(t.app, operator, 'many')
    await assert.rejects(add({ namespace: 'many' }), failsWith('namespace_terminating'))
  })

  test('those of the configuration come and go with it, and nobody else changes them', async () => {
    const url = 'https://docs.example.org/import/init'
    const set = (sites: ReadonlyArray<{ ecosystem: string; url: string }>) =>
      applyConfiguredWebhooks({ ...t.app, settings: { ...t.app.settings, docsSites: sites } })
    const configured = async () => (await listWebhooks(t.app, operator)).items
    await Promise.all([set([{ ecosystem: 'oci', url }]), set([{ ecosystem: 'oci', url }])])
    await set([{ ecosystem: 'oci', url }])
    const [site, ...rest] = await configured()
    assert.deepEqual(rest, [])
    assert.ok(site?.isConfigured)
    assert.deepEqual([site.kind, site.url, site.events], ['form-package-name', url, ['publish']])
    await publish('web', 'for the docs site')
    assert.equal((await listDeliveries(t.app, operator, site.id)).items.length, 1)
    const off = { isActive: false }
    await assert.rejects(deleteWebhook(t.app, operator, site.id), failsWith('conflict'))
    await assert.rejects(updateWebhook(t.app, operator, site.id, off), failsWith('conflict'))
    await set([{ ecosystem: 'ori', url }])
    assert.deepEqual(
      (await configured()).map(({ ecosystem }) => ecosystem),
      ['ori'],
    )
    await set([])
    assert.deepEqual(await configured(), [])
  })
})

function failsWithAny(error: unknown, codes: readonly string[]): boolean {
  return codes.some((code) => error instanceof Error && 'code' in error && error.code === code)
}

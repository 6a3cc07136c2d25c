import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { guardedPoster } from '#adapters/guarded-poster.ts'
import { type App, now } from '#core/app.ts'
import { listAudit } from '#core/audit/list-audit.ts'
import { change } from '#core/db/change.ts'
import { startWorker, type Worker } from '#core/jobs/worker.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import { after, afterEach, before, beforeEach, describe, test } from '#runtime/test.ts'
import { person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { type Received, type Receiver, startReceiver } from '#test/receiver.ts'
import { cleanDeliveriesJob } from './clean-deliveries.ts'
import { createWebhook, type NewWebhook } from './create-webhook.ts'
import { deleteWebhook } from './delete-webhook.ts'
import { type DeliveryOutcome, deliverWebhookJob } from './deliver-job.ts'
import { WEBHOOK_CONCURRENCY, webhookHandlers } from './jobs.ts'
import { type Delivery, listDeliveries } from './list-deliveries.ts'
import { getWebhook, listWebhooks } from './list-webhooks.ts'
import { pingWebhook } from './ping-webhook.ts'
import { redeliver } from './redeliver.ts'
import { allowList } from './target.ts'
import { updateWebhook } from './update-webhook.ts'

const DAY = 86_400

describe('deliveries', () => {
  let t: TestApp
  let twin: App
  let receiver: Receiver
  let other: Receiver
  let outcomes: DeliveryOutcome[] = []
  let published = 0
  const workers: Worker[] = []

  before(async () => {
    t = await openTestApp({
      webhookAllow: ['127.0.0.1'],
      webhookKeys: [new Uint8Array(32).fill(5)],
    })
    twin = await t.openTwin()
    await person(t.app, 'ann')
    await createNamespace(t.app, operator, { name: 'acme', owner: 'ann' })
    receiver = await startReceiver()
    other = await startReceiver()
  })
  after(async () => {
    await receiver.close()
    await other.close()
    await t.close()
  })
  beforeEach(() => {
    outcomes = []
    for (const one of [receiver, other]) {
      one.received.length = 0
      one.held.most = 0
      one.answer = { status: 200 }
    }
  })
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.stop()
    for (const { id, isConfigured } of (await listWebhooks(t.app, operator)).items) {
      if (!isConfigured) await deleteWebhook(t.app, operator, id)
    }
    await change(t.app, (tx) => tx.deleteFrom('jobs').execute())
  })

  function start(app: App = t.app, answerMs?: number): Worker {
    const handlers = webhookHandlers((outcome) => void outcomes.push(outcome), answerMs)
    const worker = startWorker(app, handlers, [], { pollMs: 10, concurrency: WEBHOOK_CONCURRENCY })
    workers.push(worker)
    return worker
  }
  const add = (asked: Partial<NewWebhook> = {}) =>
    createWebhook(t.app, operator, { url: receiver.url, ...asked })
  async function publish(app: App = t.app): Promise<string> {
    const version = `1.${published++}.0`
    const bytes = new TextEncoder().encode(version)
    const hash = await crypto.subtle.digest('SHA-256', bytes)
    const digest = `sha256:${Buffer.from(hash).toString('hex')}`
    const ref = { ecosystem: 'oci', namespace: 'acme', name: 'web', key: 'web' }
    const more = { mediaType: 'text/plain', kind: '', metadata: {}, files: [], tags: [] }
    await publishRelease(app, operator, ref, { version, bytes, digest, ...more })
    return version
  }
  const deliveries = async (id: number, state?: Delivery['state']) =>
    (await listDeliveries(t.app, operator, id, { limit: 1000, ...(state && { state }) })).items
  const versions = (all: readonly Received[]) => all.map(({ body }) => JSON.parse(body).version)
  async function until(check: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await check()); tries++) {
      assert.ok(tries < 1000, 'it never came')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** As a receiver does it who has read nothing but Standard Webhooks. */
  function verify({ headers, body }: Received, secret: string): boolean {
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
    const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    const expected = createHmac('sha256', key).update(text).digest('base64')
    return String(headers['webhook-signature']).split(' ').includes(`v1,${expected}`)
  }

  test('arrive signed, and the receiver can tell', async () => {
    const { webhook, secret = '' } = await add()
    const worker = start()
    const version = await publish()
    await worker.idle()
    const [got, ...rest] = receiver.received
    assert.ok(got)
    assert.deepEqual(rest, [])
    const { headers, body } = got
    const message = JSON.parse(body)
    assert.deepEqual(message, {
      id: headers['webhook-id'],
      event: 'publish',
      at: t.clock.now.toISOString(),
      ecosystem: 'oci',
      name: 'acme/web',
      version,
      digest: message.digest,
      visibility: 'public',
      actor: 'system:cli',
    })
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['webhook-timestamp'], String(Math.floor(now(t.app) / 1000)))
    assert.equal(headers['x-entrepot-event'], 'publish')
    assert.equal(verify(got, secret), true)
    assert.equal(verify({ ...got, body: body.replace('acme', 'evil') }, secret), false)
    assert.equal(verify(got, `whsec_${Buffer.alloc(32).toString('base64')}`), false)
    const [delivery] = await deliveries(webhook.id)
    assert.equal(headers['x-entrepot-delivery'], String(delivery?.id))
    assert.equal(delivery?.state, 'delivered')
    assert.equal(delivery?.lastStatus, 200)
    assert.deepEqual(outcomes, ['delivered'])
  })

  test('the secret is not in the database as it is; a new one signs beside the old for a day', async () => {
    const old = `whsec_${Buffer.alloc(32, 3).toString('base64')}`
    const young = `whsec_${Buffer.alloc(32, 4).toString('base64')}`
    const { webhook } = await add({ secret: old })
    const rows = await t.app.database.db.selectFrom('webhooks').selectAll().execute()
    assert.ok(!JSON.stringify(rows).includes(old.slice(6)))
    await updateWebhook(t.app, operator, webhook.id, { secret: young })
    const worker = start()
    await publish()
    await worker.idle()
    t.clock.advance(DAY + 1)
    await publish()
    await worker.idle()
    const [first, second] = receiver.received
    assert.ok(first && second)
    assert.deepEqual([verify(first, old), verify(first, young)], [true, true])
    assert.deepEqual([verify(second, old), verify(second, young)], [false, true])
  })

  test('a failure is tried again later, with the same id and body and a new signature', async () => {
    const { webhook, secret = '' } = await add()
    receiver.answer = { status: 500, body: `no\0${'x'.repeat(3000)}` }
    const worker = start()
    await publish()
    await worker.idle()
    await worker.idle()
    assert.equal(receiver.received.length, 1)
    const [failed] = await deliveries(webhook.id, 'waiting')
    assert.ok(failed)
    assert.equal(failed.attempts, 1)
    assert.equal(failed.lastError, 'the target answered 500')
    assert.equal(failed.lastResponse, `no${'x'.repeat(1021)}`)
    assert.ok((failed.nextAt ?? 0) >= now(t.app) + 5_000)
    receiver.answer = { status: 204 }
    t.clock.advance(6)
    worker.wake()
    await until(() => receiver.received.length === 2)
    await worker.idle()
    const [one, two] = receiver.received
    assert.ok(one && two)
    assert.equal(one.headers['webhook-id'], two.headers['webhook-id'])
    assert.equal(one.body, two.body)
    assert.notEqual(one.headers['webhook-timestamp'], two.headers['webhook-timestamp'])
    assert.ok(verify(one, secret) && verify(two, secret))
    assert.equal((await deliveries(webhook.id))[0]?.state, 'delivered')
    assert.deepEqual(outcomes, ['failed', 'delivered'])
  })

  test('a target that asks for time gets it', async () => {
    const { webhook } = await add()
    receiver.answer = { status: 503, headers: { 'retry-after': '600' } }
    const worker = start()
    await publish()
    await worker.idle()
    const [delivery] = await deliveries(webhook.id)
    assert.equal(delivery?.nextAt, now(t.app) + 600_000)
  })

  test('after eight failures one is dead, and comes again when it is asked for', async () => {
    const { webhook } = await add()
    receiver.answer = { status: 302, headers: { location: 'http://127.0.0.1:1/' } }
    const worker = start()
    const version = await publish()
    for (let tries = 1; tries <= 8; tries++) {
      await until(async () => (await deliveries(webhook.id))[0]?.attempts === tries)
      await worker.idle()
      t.clock.advance(9 * 3600)
      worker.wake()
    }
    await worker.idle()
    assert.equal(receiver.received.length, 8)
    const [dead, ...others] = await deliveries(webhook.id, 'dead')
    assert.ok(dead)
    assert.deepEqual(others, [])
    assert.deepEqual([dead.attempts, dead.nextAt, dead.lastStatus], [8, undefined, 302])
    assert.equal(outcomes.at(-1), 'dead')
    receiver.answer = { status: 200 }
    assert.equal(await redeliver(t.app, operator, webhook.id), 1)
    await worker.idle()
    await until(async () => (await deliveries(webhook.id, 'delivered')).length === 1)
    // Also one that arrived: the receiver lost it.
    assert.equal(await redeliver(t.app, operator, webhook.id), 0)
    assert.equal(await redeliver(t.app, operator, webhook.id, dead.id), 1)
    await until(() => receiver.received.length === 10)
    assert.deepEqual(new Set(versions(receiver.received)), new Set([version]))
  })

  test('five dead ones in a row turn the webhook off; what waits is held until it is on again', async () => {
    const { webhook } = await add()
    receiver.answer = { status: 500 }
    const worker = start()
    for (let count = 0; count < 6; count++) await publish()
    // Long overdue: their next failure is their last.
    await change(t.app, (tx) =>
      tx
        .updateTable('webhookDeliveries')
        .set({ attempts: 7 })
        .where('webhookId', '=', webhook.id)
        .where('state', '=', 'waiting')
        .execute(),
    )
    await until(async () => {
      // Not while a job runs: its lease would be over.
      await worker.idle()
      t.clock.advance(6)
      worker.wake()
      return !(await getWebhook(t.app, operator, webhook.id)).isActive
    })
    await worker.idle()
    assert.equal((await deliveries(webhook.id, 'dead')).length, 5)
    assert.equal((await deliveries(webhook.id, 'waiting')).length, 1)
    const off = await getWebhook(t.app, operator, webhook.id)
    assert.match(off.disabledReason ?? '', /5 deliveries in a row were given up.*answered 500/)
    const { items } = await listAudit(t.app, operator, { action: 'webhook.disable' })
    assert.equal(items[0]?.subject, `webhook:${webhook.id}`)
    const before = receiver.received.length
    await publish()
    t.clock.advance(DAY)
    await worker.idle()
    assert.equal(receiver.received.length, before)
    receiver.answer = { status: 200 }
    await updateWebhook(t.app, operator, webhook.id, { isActive: true })
    await until(async () => (await deliveries(webhook.id, 'delivered')).length === 1)
    const on = await getWebhook(t.app, operator, webhook.id)
    assert.deepEqual([on.isActive, on.disabledReason], [true, null])
  })

  test('a target that is gone for good (410) is not asked again', async () => {
    const { webhook } = await add()
    receiver.answer = { status: 410 }
    const worker = start()
    await publish()
    await worker.idle()
    await until(async () => (await deliveries(webhook.id, 'dead')).length === 1)
    const { isActive, disabledReason } = await getWebhook(t.app, operator, webhook.id)
    assert.equal(isActive, false)
    assert.match(disabledReason ?? '', /410/)
  })

  test('a target that hangs delays neither publishing nor other webhooks, and is tried again', async () => {
    const hanging = await add()
    const fine = await add({ url: other.url })
    receiver.answer = 'hang'
    start(t.app, 300)
    await publish()
    await until(() => receiver.held.now === 1)
    const startedAt = performance.now()
    const more = [await publish(), await publish(), await publish()]
    const publishedMs = performance.now() - startedAt
    await until(() => other.received.length === 4)
    assert.deepEqual(versions(other.received).slice(1), more)
    await until(async () => (await deliveries(fine.webhook.id, 'delivered')).length === 4)
    await until(async () => (await deliveries(hanging.webhook.id))[3]?.attempts === 1)
    const [, , , first] = await deliveries(hanging.webhook.id)
    assert.equal(first?.state, 'waiting')
    assert.equal(first?.lastError, 'no answer within 0.3 seconds')
    // One at a time, however many wait.
    assert.equal(receiver.held.most, 1)
    assert.ok(publishedMs < 2_000, `publishing took ${publishedMs} ms`)
  })

  test('a target that is slow gives its place to others after a while', async () => {
    const { webhook } = await add()
    for (let count = 0; count < 8; count++) await publish()
    // The time of an answer, whatever the machine is doing.
    receiver.answer = () => {
      const until = performance.now() + 200
      while (performance.now() < until);
      return { status: 200 }
    }
    const job = deliverWebhookJob((outcome) => void outcomes.push(outcome), 1_000)
    const context = { extendLease: async () => {}, signal: new AbortController().signal }
    await job.run(t.app, { webhookId: webhook.id }, context)
    assert.ok(outcomes.length > 0 && outcomes.length < 8, `${outcomes.length} in one run`)
    receiver.answer = { status: 200 }
    await start().idle()
    assert.equal((await deliveries(webhook.id, 'delivered')).length, 8)
  })

  test('thirty that hang leave the rest alone', async () => {
    for (let count = 0; count < 30; count++) await add()
    await add({ url: other.url, namespace: 'acme' })
    receiver.answer = 'hang'
    start(t.app, 5_000)
    const startedAt = performance.now()
    await publish()
    await until(() => other.received.length === 1)
    assert.ok(performance.now() - startedAt < 4_000)
  })

  test('a target that is not there, or may not be reached, is a failure that says why', async () => {
    const closed = await startReceiver()
    const { port } = new URL(closed.url)
    await closed.close()
    const gone = await add({ url: closed.url })
    // A name, so it was taken; what it means is another address than the one that is allowed.
    const inside = await add({ url: `http://localhost:${port}/` })
    const metadata = await add({ url: 'http://localhost/latest' })
    await change(t.app, (tx) =>
      tx
        .updateTable('webhooks')
        .set({ url: 'http://169.254.169.254/latest/meta-data/' })
        .where('id', '=', metadata.webhook.id)
        .execute(),
    )
    const resolve = async () => [{ address: '10.0.0.1', family: 4 }]
    const poster = guardedPoster(allowList(['127.0.0.1']), resolve)
    const worker = start({ ...t.app, poster })
    await publish()
    for (const [{ webhook }, why] of [
      [gone, /ECONNREFUSED/],
      [inside, /may not reach localhost: its address is not a public one/],
      [metadata, /may not reach 169\.254\.169\.254/],
    ] as const) {
      await until(async () => (await deliveries(webhook.id))[0]?.attempts === 1)
      const [delivery] = await deliveries(webhook.id)
      assert.match(delivery?.lastError ?? '', why)
      assert.equal(delivery?.lastStatus, undefined)
    }
    await worker.idle()
  })

  test('a docs site is told in its own form; 303 and 409 are fine', async () => {
    const { webhook, secret } = await add({ kind: 'form-package-name' })
    assert.equal(secret, undefined)
    const worker = start()
    for (const status of [303, 409, 200]) {
      receiver.answer = { status, headers: { location: '/import/jobs' } }
      await publish()
      await worker.idle()
      await until(async () => (await deliveries(webhook.id, 'waiting')).length === 0)
    }
    assert.equal((await deliveries(webhook.id, 'delivered')).length, 3)
    const [got] = receiver.received
    assert.equal(got?.body, 'packageName=acme%2Fweb')
    assert.equal(got?.headers['content-type'], 'application/x-www-form-urlencoded')
    assert.equal(got?.headers['webhook-signature'], undefined)
    // It is told of releases, and of nothing else.
    const ref = { ecosystem: 'oci', namespace: 'acme', name: 'web', key: 'web' }
    await yankRelease(t.app, operator, ref, { version: '1.0.0', isYanked: true })
    assert.equal((await deliveries(webhook.id)).length, 3)
    receiver.answer = { status: 404 }
    await publish()
    await worker.idle()
    assert.equal((await deliveries(webhook.id, 'waiting')).length, 1)
  })

  test('a ping arrives like anything else', async () => {
    const { webhook, secret = '' } = await add({ namespace: 'acme', events: ['yank'] })
    start()
    const id = await pingWebhook(t.app, operator, webhook.id)
    await until(() => receiver.received.length === 1)
    const [got] = receiver.received
    assert.ok(got && verify(got, secret))
    assert.equal(JSON.parse(got.body).event, 'ping')
    assert.equal(got.headers['x-entrepot-delivery'], String(id))
  })

  test('two processes deliver each event once, and one at a time to each target', async () => {
    await add()
    await add({ url: other.url })
    for (const app of [t.app, twin]) start(app)
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, at) => publish(at % 2 === 0 ? t.app : twin)),
    )
    for (const one of [receiver, other]) {
      await until(() => one.received.length >= all.length)
    }
    await Promise.all(workers.map((worker) => worker.idle()))
    for (const one of [receiver, other]) {
      assert.deepEqual(versions(one.received).toSorted(), all.toSorted())
      assert.equal(one.held.most, 1)
    }
  })

  test('what a process left undone another does', async () => {
    await add()
    receiver.answer = 'hang'
    const first = start(twin)
    await publish(twin)
    await until(() => receiver.held.now === 1)
    // It stops in the middle, without having seen an answer.
    await first.stop()
    receiver.answer = { status: 200 }
    start()
    await until(() => receiver.received.length === 2)
    const [one, two] = receiver.received
    assert.equal(one?.headers['webhook-id'], two?.headers['webhook-id'])
  })

  test('deliveries are forgotten after thirty days, or when their webhook is gone', async () => {
    const { webhook } = await add()
    const clean = () =>
      cleanDeliveriesJob.run(
        t.app,
        {},
        { extendLease: async () => {}, signal: new AbortController().signal },
      )
    await publish()
    t.clock.advance(29 * DAY)
    await publish()
    await clean()
    assert.equal((await deliveries(webhook.id)).length, 2)
    t.clock.advance(2 * DAY)
    await clean()
    assert.equal((await deliveries(webhook.id)).length, 1)
    await change(t.app, (tx) => tx.deleteFrom('webhooks').where('id', '=', webhook.id).execute())
    await clean()
    const left = await t.app.database.db.selectFrom('webhookDeliveries').selectAll().execute()
    assert.deepEqual(
      left.filter(({ webhookId }) => webhookId === webhook.id),
      [],
    )
  })
})

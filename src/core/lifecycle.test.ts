import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { collectGarbage } from './blobs/collect.ts'
import { digestOf } from './blobs/digest.ts'
import { RegistryError } from './errors.ts'
import { createNamespace } from './namespaces/create-namespace.ts'
import { deletePackage } from './packages/delete-package.ts'
import { addOwner } from './packages/owners/add-owner.ts'
import type { PackageRef } from './packages/package.ts'
import { acceptTransfer } from './packages/transfer/accept-transfer.ts'
import { cancelTransfer, declineTransfer } from './packages/transfer/end-transfer.ts'
import { offerTransfer } from './packages/transfer/offer-transfer.ts'
import { updatePackage } from './packages/update-package.ts'
import { deleteRelease } from './releases/delete-release.ts'
import { deprecateRelease } from './releases/deprecate-release.ts'
import { publishRelease } from './releases/publish-release.ts'
import { removeRelease } from './releases/remove-release.ts'
import { yankRelease } from './releases/yank-release.ts'
import { uploadBlob } from './uploads/finish-upload.ts'
import { verify } from './verify/verify.ts'

const RUNS = 25
const SEED = 20_261_121
const NAMESPACES = ['acme', 'samco', 'eveco']
const CONTENTS = Array.from({ length: 8 }, (_, i) => new TextEncoder().encode('x'.repeat(50 + i)))
/** The sequences must bring these about. */
const WORKING = ['publish', 'yank', 'remove', 'delete', 'offer', 'accept']
const TYPE = 'application/octet-stream'

/** One thing that somebody tries. */
interface Step {
  readonly verb: keyof typeof VERBS
  /** One of the people; beyond them, the admin of where it is tried. */
  readonly who: number
  readonly where: number
  readonly name: string
  readonly content: number
  readonly to: number
}

interface Act {
  readonly app: App
  readonly actor: Actor
  readonly ref: PackageRef
  readonly step: Step
  readonly offers: number[]
}

const manifestOf = (content: Uint8Array) =>
  new TextEncoder().encode(JSON.stringify({ layer: digestOf(content) }))
const contentOf = ({ content }: Step) => CONTENTS[content] ?? new Uint8Array()
const versionOf = (step: Step) => digestOf(manifestOf(contentOf(step)))
const offerOf = ({ offers, step }: Act) => offers.at(-1 - (step.content % 2)) ?? 1

const VERBS = {
  async publish({ app, actor, ref, step }: Act) {
    const content = contentOf(step)
    async function* body() {
      yield content
    }
    const digest = digestOf(content)
    await uploadBlob(app, actor, ref, { digest, body: body() })
    const bytes = manifestOf(content)
    const version = digestOf(bytes)
    await publishRelease(app, actor, ref, {
      ...{ version, bytes, digest: version, mediaType: TYPE, kind: '', metadata: {} },
      files: [{ role: 'layer', digest, mediaType: TYPE, size: content.length }],
      tags: ['latest'],
    })
  },
  yank: ({ app, actor, ref, step }: Act) =>
    yankRelease(app, actor, ref, { version: versionOf(step), isYanked: step.to > 0 }),
  deprecate: ({ app, actor, ref, step }: Act) =>
    deprecateRelease(app, actor, ref, {
      message: step.to > 0 ? 'old' : null,
      ...(step.content > 3 && { version: versionOf(step) }),
    }),
  remove: ({ app, ref, step }: Act) =>
    removeRelease(app, operator, ref, { version: versionOf(step), reason: 'test' }),
  erase: ({ app, actor, ref, step }: Act) => deleteRelease(app, actor, ref, versionOf(step)),
  delete: ({ app, actor, ref }: Act) => deletePackage(app, actor, ref),
  own: ({ app, actor, ref, step }: Act) =>
    addOwner(app, actor, ref, { user: ['ann', 'sam', 'eve'][step.to] ?? '', role: 'admin' }),
  hide: ({ app, actor, ref, step }: Act) =>
    updatePackage(app, actor, ref, { visibility: step.to > 0 ? 'private' : 'public' }),
  async offer({ app, actor, ref, step, offers }: Act) {
    const { id } = await offerTransfer(app, actor, ref, { to: NAMESPACES[step.to] ?? '' })
    offers.push(id)
  },
  accept: (act: Act) => {
    const actor = act.step.who > 2 ? operator : act.actor
    return acceptTransfer(act.app, actor, { id: offerOf(act) })
  },
  decline: (act: Act) => declineTransfer(act.app, act.actor, offerOf(act)),
  cancel: (act: Act) => cancelTransfer(act.app, act.actor, offerOf(act)),
} as const

const often = (verb: keyof typeof VERBS, weight: number) => ({
  weight,
  arbitrary: fc.constant(verb),
})
const step: fc.Arbitrary<Step> = fc.record({
  verb: fc.oneof(
    ...[
      often('publish', 6),
      often('offer', 4),
      often('accept', 6),
      often('yank', 3),
      often('remove', 1),
    ],
    ...(['deprecate', 'erase', 'delete', 'own', 'hide', 'decline', 'cancel'] as const).map((verb) =>
      often(verb, 1),
    ),
  ),
  who: fc.nat(6),
  where: fc.nat(2),
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  content: fc.nat(7),
  to: fc.nat(2),
})

describe('any sequence of what can be done to packages', () => {
  let t: TestApp
  const people: Person[] = []
  const codes = new Set<string>()
  const done = new Set<string>()

  before(async () => {
    t = await openTestApp({ defaultQuotaBytes: 1500 })
    for (const [i, name] of ['ann', 'sam', 'eve'].entries()) {
      people.push(await person(t.app, name))
      await createNamespace(t.app, operator, { name: NAMESPACES[i] ?? '', owner: name })
    }
  })
  after(() => t.close())

  const problems: unknown[] = []
  async function verifyClean() {
    await verify(t.app, { checkBytes: false, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
  }

  async function attempt(one: Step, offers: number[]): Promise<void> {
    const actor = (await (people[one.who] ?? people[one.where])?.actor()) ?? operator
    const namespace = NAMESPACES[one.where] ?? ''
    const ref = { ecosystem: 'oci', namespace, name: one.name, key: one.name }
    try {
      await VERBS[one.verb]({ app: t.app, actor, ref, step: one, offers })
      done.add(one.verb)
    } catch (error) {
      if (!(error instanceof RegistryError) || error.status >= 500) throw error
      codes.add(error.code)
    }
  }

  test('one after the other, verification finds nothing wrong', async () => {
    const offers: number[] = []
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), async (steps) => {
        for (const one of steps) await attempt(one, offers)
        t.clock.advance(4000)
        await collectGarbage(t.app, { dryRun: false })
        await verifyClean()
      }),
      // The same sequences every time: what they bring about is asserted below.
      { numRuns: RUNS, seed: SEED },
    )
    // Otherwise the sequences show nothing.
    for (const verb of WORKING) assert.ok(done.has(verb), `${verb} never worked`)
    assert.ok(codes.has('conflict') && codes.has('forbidden'), [...codes].join(' '))
  })

  test('and all at once', async () => {
    const offers: number[] = []
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 12 }), async (steps) => {
        await Promise.all(steps.map((one) => attempt(one, offers)))
        await verifyClean()
      }),
      { numRuns: RUNS },
    )
  })
})

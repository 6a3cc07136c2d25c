import assert from 'node:assert/strict'
import type { Mail, Mailer } from '#core/mail/mailer.ts'
import { after, before, describe, test } from '#runtime/test.ts'

/** A message at the far end. */
interface Arrived {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  /** What two copies of one mail have in common. */
  readonly id: string
}

/** A mailer and the far end that it talks to. */
export interface MailWorld {
  readonly mailer: Mailer
  arrived(): Promise<readonly Arrived[]>
  /** Makes the far end refuse everything. */
  refuse(): Promise<void>
  /**
   * Makes the far end take everything and say nothing, where there is somebody who could; answers a
   * mailer that waits for only a moment.
   */
  silence?(): Promise<Mailer>
  /** Takes the far end away. */
  leave?(): Promise<void>
  close(): Promise<void>
}

/** The sender that every world sets up. */
export const SENDER = 'no-reply@registry.example.org'

const MAIL: Mail = {
  id: 'a1b2c3',
  to: 'ann@example.org',
  subject: 'Grüße: a “sign-in”',
  text: `Hello Ann,\n\n.a line with a dot\nüber ${'long '.repeat(60)}end\n`,
  html: `<!doctype html>\n<p>Hello <b>Ann</b> &amp; über ${'long '.repeat(60)}</p>\n`,
}

/** What every mailer does. */
export function mailerContract(name: string, open: () => Promise<MailWorld>): void {
  describe(`mailer: ${name}`, () => {
    let world: MailWorld
    before(async () => {
      world = await open()
    })
    after(() => world.close())

    test('a mail arrives whole, at one address', async () => {
      await world.mailer.send(MAIL)
      const [arrived, ...more] = await world.arrived()
      assert.equal(more.length, 0)
      assert.ok(arrived)
      assert.equal(arrived.from, SENDER)
      assert.deepEqual(arrived.to, ['ann@example.org'])
      assert.equal(arrived.subject, MAIL.subject)
      assert.equal(arrived.text.trimEnd(), MAIL.text.trimEnd())
      assert.equal(arrived.html.trimEnd(), MAIL.html.trimEnd())
    })

    test('a mail that is sent again can be told from another', async () => {
      await world.mailer.send(MAIL)
      await world.mailer.send({ ...MAIL, id: 'other' })
      const ids = (await world.arrived()).map(({ id }) => id)
      assert.equal(new Set(ids.slice(0, 2)).size, 1)
      assert.notEqual(ids[2], ids[0])
    })

    test('many at once all arrive', async () => {
      const was = (await world.arrived()).length
      const subjects = Array.from({ length: 8 }, (_, n) => `mail ${n}`)
      await Promise.all(subjects.map((subject) => world.mailer.send({ ...MAIL, subject })))
      const arrived = (await world.arrived()).slice(was).map(({ subject }) => subject)
      assert.deepEqual(arrived.sort(), subjects)
    })

    test('one that was given up before it began is not sent', async () => {
      const was = (await world.arrived()).length
      await assert.rejects(world.mailer.send(MAIL, AbortSignal.abort(new Error('no more'))))
      assert.equal((await world.arrived()).length, was)
    })

    test('a far end that says nothing is given up, by time and by signal', async () => {
      if (!world.silence) return
      const impatient = await world.silence()
      await assert.rejects(impatient.send(MAIL))
      const giveUp = AbortSignal.timeout(50)
      const startedAt = performance.now()
      await assert.rejects(world.mailer.send(MAIL, giveUp))
      assert.ok(performance.now() - startedAt < 3000)
    })

    test('one that is refused fails, and no secret is in the failure', async () => {
      await world.refuse()
      const was = (await world.arrived()).length
      await assert.rejects(world.mailer.send(MAIL), (error: unknown) => {
        assert.ok(error instanceof Error)
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
      assert.equal((await world.arrived()).length, was)
    })

    test('a far end that is not there is a failure', async () => {
      if (!world.leave) return
      await world.leave()
      await assert.rejects(world.mailer.send(MAIL))
    })
  })
}

import type { Context } from 'hono'
import { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import { acceptTransfer } from '#core/packages/transfer/accept-transfer.ts'
import { cancelTransfer, declineTransfer } from '#core/packages/transfer/end-transfer.ts'
import { findTransfer } from '#core/packages/transfer/find-transfer.ts'
import { offerTransfer } from '#core/packages/transfer/offer-transfer.ts'
import { type Transfer, transferUnknown } from '#core/packages/transfer/transfer.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson, time } from './answers.ts'
import { formatName } from './name.ts'
import { nameText, readJson, refOf } from './request.ts'

const id = z.union([z.string().regex(/^\d{1,15}$/), z.int()]).transform(Number)
const body = z.strictObject({
  to: nameText.optional(),
  accept: id.optional(),
  decline: id.optional(),
  cancel: id.optional(),
  /** With accept: to which of the taker's scopes. */
  scope: nameText.optional(),
})

/** POST …/transfer: an offer by one side, or the word of the other on it. */
export async function transfer(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const ref = refOf(c)
  const { scope, ...asked } = await readJson(c, body)
  if (Object.keys(asked).length !== 1) {
    throw new RegistryError('invalid_request', 'one of to, accept, decline and cancel is needed')
  }
  const { to, accept, decline, cancel } = asked
  if (to !== undefined) {
    const offered = await offerTransfer(app, actor, ref, { to: to.replace(/^@/, '') })
    return sendJson({ transfer: view(offered) }, 202)
  }
  const decided = accept ?? decline ?? cancel ?? 0
  // The path must mean the same package as the id.
  const { path } = await findTransfer(app, actor, decided)
  if (path !== formatName(ref)) throw transferUnknown()
  if (accept !== undefined) {
    const namespace = scope?.replace(/^@/, '')
    const acceptance = { id: accept, ...(namespace !== undefined && { namespace }) }
    return sendJson({ transfer: view(await acceptTransfer(app, actor, acceptance)) })
  }
  const end = decline === undefined ? cancelTransfer : declineTransfer
  return sendJson({ transfer: view(await end(app, actor, decided)) })
}

function view(found: Transfer) {
  return {
    id: String(found.id),
    package: found.path,
    from: found.fromNamespace,
    to: found.toNamespace ?? found.toUser ?? null,
    ...(found.toPath !== undefined && { new_name: found.toPath }),
    status: found.status,
    expires_at: time(found.expiresAt),
  }
}

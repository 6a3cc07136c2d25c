import type { Context } from 'hono'
import type { Package } from '#core/packages/package.ts'
import type { Env } from './contract.ts'
import { sendHot } from './hot-answer.ts'

/** Answers with a document made of one package, which the server keeps when anybody may see it. */
export function sendDocument(
  c: Context<Env>,
  body: object,
  { from, topics }: { from: Package; topics: readonly string[] },
): Response {
  const isPublic = from.visibility === 'public'
  return sendHot(c, {
    topics,
    headers: {
      'content-type': 'application/json',
      'cache-control': isPublic ? 'no-cache' : 'private, no-cache',
      'x-content-type-options': 'nosniff',
    },
    body: new TextEncoder().encode(JSON.stringify(body)),
    isPublic,
  })
}

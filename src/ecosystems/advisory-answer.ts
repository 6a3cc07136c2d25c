import type { Context } from 'hono'
import { advisoryTopics } from '#core/advisories/advisory-topics.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { findPackage } from '#core/packages/package.ts'
import { type AdvisoryRules, type AskedAdvisories, advisoriesFor, listAsked } from './advisories.ts'
import type { Env } from './contract.ts'
import { sendHot } from './hot-answer.ts'

const JSON_TYPE = 'application/json'
const OSV_TYPE = 'application/vnd.osv+json'

/**
 * Answers with the advisories that the query asks for: with exact versions, or as documents of OSV
 * for those who name its type in `Accept`.
 */
export function sendAdvisories(c: Context<Env>, rules: AdvisoryRules): Promise<Response> {
  const isOsv = wantsOsv(c.req.header('accept') ?? null)
  return send(c, rules, {
    isOsv,
    headers: { vary: 'Accept' },
    isAcceptable: (accept) => wantsOsv(accept) === isOsv,
  })
}

/** The same as documents of OSV, whatever `Accept` says. */
export function sendOsvAdvisories(c: Context<Env>, rules: AdvisoryRules): Promise<Response> {
  return send(c, rules, { isOsv: true, headers: {} })
}

interface Form {
  readonly isOsv: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly isAcceptable?: (accept: string | null) => boolean
}

async function send(
  c: Context<Env>,
  rules: AdvisoryRules,
  { isOsv, headers, ...negotiated }: Form,
): Promise<Response> {
  const asked = await listAsked(c, rules)
  const body = isOsv ? osvOf(asked) : await advisoriesFor(c, rules, asked)
  const topics = await topicsOf(c, asked, isOsv)
  return sendHot(c, {
    topics: topics ?? [],
    headers: {
      'content-type': isOsv ? OSV_TYPE : JSON_TYPE,
      'cache-control': c.var.actor.kind === 'anonymous' ? 'no-cache' : 'private, no-cache',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: new TextEncoder().encode(JSON.stringify(body)),
    isPublic: topics !== undefined,
    isForStrangers: true,
    ...negotiated,
  })
}

/** As OSV’s own service answers a query; `next` is for `after`. */
function osvOf({ items, next }: AskedAdvisories): object {
  return { vulns: items.map(({ document }) => document), ...(next !== undefined && { next }) }
}

/**
 * What ends the answer; nothing when it cannot be kept. Members see more than strangers do. Exact
 * versions are those of packages that are here, so one that is not may come at any time.
 */
async function topicsOf(
  c: Context<Env>,
  { wanted }: AskedAdvisories,
  isOsv: boolean,
): Promise<string[] | undefined> {
  const { app, actor } = c.var
  if (actor.kind !== 'anonymous') return undefined
  const about = wanted && (await findPackage(app, wanted))
  if (!about && (wanted || !isOsv)) return undefined
  const topics = await advisoryTopics(app, wanted)
  return topics && [...topics, ...(about ? [packageTopic(about.id)] : [])]
}

/** Whether an Accept header names the type of OSV. */
function wantsOsv(accept: string | null): boolean {
  return (accept ?? '').split(',').some((one) => {
    const [type = '', ...parameters] = one.split(';').map((part) => part.trim().toLowerCase())
    return type === OSV_TYPE && !parameters.some((part) => /^q=0(?:\.0*)?$/.test(part))
  })
}

import type { Context } from 'hono'
import type { AdvisoryRules } from '#ecosystems/advisories.ts'
import { sendAdvisories, sendOsvAdvisories } from '#ecosystems/advisory-answer.ts'
import type { Env } from '#ecosystems/contract.ts'
import { parseName } from './name.ts'
import { compareVersions, isVersion } from './version.ts'

/** What lists of Ori's advisories need to know of Ori. */
export const advisoryRules: AdvisoryRules = { id: 'ori', parseName, compareVersions, isVersion }

/** GET /v1/advisories: of a package, a version, or all; exact versions, as exact pins want them. */
export function readAdvisories(c: Context<Env>): Promise<Response> {
  return sendAdvisories(c, advisoryRules)
}

/** GET /v1/advisories.osv: the same as documents of OSV. */
export function readOsvAdvisories(c: Context<Env>): Promise<Response> {
  return sendOsvAdvisories(c, advisoryRules)
}

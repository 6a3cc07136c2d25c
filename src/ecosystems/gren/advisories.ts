import type { Context } from 'hono'
import type { AdvisoryRules } from '#ecosystems/advisories.ts'
import { sendAdvisories, sendOsvAdvisories } from '#ecosystems/advisory-answer.ts'
import type { Env } from '#ecosystems/contract.ts'
import { parseName } from './name.ts'
import { compareVersions, isVersion } from './version.ts'

const RULES: AdvisoryRules = { id: 'gren', parseName, compareVersions, isVersion }

/** GET /advisories: of a package, a version, or all. */
export function readAdvisories(c: Context<Env>): Promise<Response> {
  return sendAdvisories(c, RULES)
}

/** GET /advisories.osv: the same as documents of OSV. */
export function readOsvAdvisories(c: Context<Env>): Promise<Response> {
  return sendOsvAdvisories(c, RULES)
}

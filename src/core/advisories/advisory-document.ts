import { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import { isAdvisoryEcosystem, isAdvisoryId } from './ecosystems.ts'

const MAX_REASONS = 20
const MAX_AFFECTED = 200
const MAX_VERSIONS = 10_000

const text = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a database may choke on NUL.
    .refine((one) => one.isWellFormed() && !/\x00/.test(one), 'must be plain text')
const line = text(500).min(1)
const time = z.iso.datetime({ error: 'must be an RFC 3339 time in UTC, like 2026-01-31T12:00:00Z' })
const ids = z.array(line.max(128)).max(200)
const anything = z.record(z.string(), z.unknown())

const severity = z
  .array(
    z
      .strictObject({ type: z.enum(['CVSS_V2', 'CVSS_V3', 'CVSS_V4', 'Ubuntu']), score: line })
      .refine(isScore, 'is no score of its type'),
  )
  .max(10)

const event = z
  .strictObject({
    introduced: line.optional(),
    fixed: line.optional(),
    last_affected: line.optional(),
    limit: line.optional(),
  })
  .refine((one) => Object.keys(one).length === 1, 'must have exactly one kind of event')

const range = z
  .strictObject({
    type: z.enum(['SEMVER', 'ECOSYSTEM', 'GIT']),
    repo: line.optional(),
    events: z.array(event).min(1).max(1000),
    database_specific: anything.optional(),
  })
  .refine(
    ({ events }) => events.some((one) => one.introduced !== undefined),
    'needs an introduced event ("0" is from the start)',
  )
  .refine(
    ({ events }) =>
      !events.some((one) => one.fixed !== undefined) ||
      !events.some((one) => one.last_affected !== undefined),
    'cannot have both fixed and last_affected',
  )
  .refine(({ type, repo }) => type !== 'GIT' || repo !== undefined, 'of type GIT needs a repo')

const affected = z
  .strictObject({
    package: z
      .strictObject({
        ecosystem: line.refine(
          isAdvisoryEcosystem,
          'is no ecosystem that OSV or this registry knows',
        ),
        name: line,
        purl: line.startsWith('pkg:').optional(),
      })
      .optional(),
    severity: severity.optional(),
    ranges: z.array(range).max(100).optional(),
    versions: z.array(line).max(MAX_VERSIONS).optional(),
    ecosystem_specific: anything.optional(),
    database_specific: anything.optional(),
  })
  .refine(
    ({ ranges, versions }) => (ranges?.length ?? 0) + (versions?.length ?? 0) > 0,
    'needs ranges or versions: what is affected?',
  )

const reference = z.strictObject({
  type: z.enum([
    'ADVISORY',
    'ARTICLE',
    'DETECTION',
    'DISCUSSION',
    'EVIDENCE',
    'FIX',
    'INTRODUCED',
    'PACKAGE',
    'REPORT',
    'WEB',
  ]),
  url: z.url({ protocol: /^(https?|git|ftp)$/ }).max(2000),
})

const credit = z.strictObject({
  name: line,
  contact: z.array(line).max(20).optional(),
  type: z
    .enum([
      'ANALYST',
      'COORDINATOR',
      'FINDER',
      'OTHER',
      'REMEDIATION_DEVELOPER',
      'REMEDIATION_REVIEWER',
      'REMEDIATION_VERIFIER',
      'REPORTER',
      'SPONSOR',
      'TOOL',
    ])
    .optional(),
})

/**
 * A document of OSV 1.7, as somebody writes it. Stricter than the format in that something must be
 * affected, and wider in that ecosystems of this registry may be named (ecosystems.ts). The
 * registry itself says when it was modified, published and withdrawn.
 */
const advisoryInput = z.strictObject({
  schema_version: z
    .string()
    .regex(/^1\.\d+\.\d+$/, 'must be a version 1 of OSV')
    .optional(),
  id: z
    .string()
    .refine(
      isAdvisoryId,
      'must begin with a prefix of OSV such as CVE- or GHSA-, with ORISA-, or with x_ for your own',
    )
    .optional(),
  modified: time.optional(),
  published: time.optional(),
  withdrawn: time.nullish(),
  aliases: ids.optional(),
  upstream: ids.optional(),
  related: ids.optional(),
  summary: text(500).optional(),
  details: text(100_000).optional(),
  severity: severity.optional(),
  affected: z.array(affected).min(1).max(MAX_AFFECTED),
  references: z.array(reference).max(200).optional(),
  credits: z.array(credit).max(200).optional(),
  database_specific: anything.optional(),
})

/** What somebody writes. */
export type AdvisoryInput = z.infer<typeof advisoryInput>

/** What the registry tells: OSV 1.7. */
export type AdvisoryDocument = Omit<AdvisoryInput, 'withdrawn'> & {
  readonly schema_version: string
  readonly id: string
  readonly modified: string
  readonly withdrawn?: string
}

export type AffectedPackage = AdvisoryDocument['affected'][number]

/** Throws `unprocessable` with every place that is wrong. */
export function parseAdvisory(raw: unknown): AdvisoryInput {
  const parsed = advisoryInput.safeParse(raw)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.slice(0, MAX_REASONS).map(({ path, message }) => ({
    in: 'json',
    path: path.map(String).join('.'),
    reason: message,
  }))
  const told = errors.map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`))
  throw new RegistryError('unprocessable', told.join('; '), { details: { errors } })
}

function isScore({ type, score }: { type: string; score: string }): boolean {
  if (type === 'CVSS_V2') return /^\(?(?:[A-Za-z]{1,3}:[A-Za-z]{1,4}\/?){6,14}\)?$/.test(score)
  if (type === 'CVSS_V3') return /^CVSS:3\.[01](?:\/[A-Z]{1,3}:[A-Z]){8,}$/.test(score)
  if (type === 'CVSS_V4') return /^CVSS:4\.0(?:\/[A-Z]{1,3}:[A-Za-z]+){11,}$/.test(score)
  return ['negligible', 'low', 'medium', 'high', 'critical'].includes(score)
}

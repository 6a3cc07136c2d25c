import type { Context } from 'hono'
import type { ErrorCode, RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'

const NEEDS_CREDENTIAL: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'credential_invalid'])

/** The wire form: `{"error":{"code","message","details":[…]}}`; details where there is a list of problems. */
export function renderError(error: RegistryError, _c: Context<Env>): Response {
  const { code, message, details, status } = error
  const problems = problemsOf(error)
  const reason = details.reason ?? (problems && 'package_invalid')
  const body = {
    error: {
      code: typeof reason === 'string' ? reason : code,
      message,
      ...(problems && { details: problems }),
    },
  }
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
  }
  if (NEEDS_CREDENTIAL.has(code)) headers['www-authenticate'] = 'Bearer realm="ori"'
  if (code === 'scope_missing' && typeof details.scope === 'string') {
    headers['www-authenticate'] =
      `Bearer realm="ori", error="insufficient_scope", scope="${details.scope}"`
  }
  if (code === 'range_invalid') headers['content-range'] = `bytes */${details.size}`
  return new Response(JSON.stringify(body), { status, headers })
}

/** What the inspection of an archive found: one thing by core's rules, or all that ours do. */
function problemsOf({ details, message }: RegistryError): unknown[] | undefined {
  const { problems, rule, file } = details
  if (Array.isArray(problems)) return problems
  return typeof rule === 'string' ? [{ file: file ?? 'the archive', rule, message }] : undefined
}

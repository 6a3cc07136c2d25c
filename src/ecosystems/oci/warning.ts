import type { Package } from '#core/packages/package.ts'
import type { Release } from '#core/releases/get-release.ts'

/** The spec's bound on all warnings of an answer together (distribution, "Warnings"). */
const MAX_WARNING_BYTES = 4096

/** The Warning header of a manifest that nobody should use any more; none for others. */
export function warningHeader(
  from: Pick<Package, 'deprecation'>,
  release: Pick<Release, 'deprecation' | 'yankedAt' | 'yankReason'>,
): { warning?: string } {
  const texts = [
    ...(release.yankedAt === null ? [] : [told('this manifest was yanked', release.yankReason)]),
    ...(release.deprecation === null
      ? []
      : [told('this manifest is deprecated', release.deprecation)]),
    ...(from.deprecation === null ? [] : [told('this repository is deprecated', from.deprecation)]),
  ]
  if (texts.length === 0) return {}
  const warnings = texts.map((text) => `299 - "${quoted(text)}"`)
  while (warnings.join(', ').length > MAX_WARNING_BYTES) warnings.pop()
  return { warning: warnings.join(', ') }
}

function told(what: string, why: string | null): string {
  return why === null ? what : `${what}: ${why}`
}

/** Inside a quoted string of a header (RFC 9110 §5.6.4), which is ASCII: the rest is a question mark. */
function quoted(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, '?').replaceAll(/["\\]/g, '\\$&')
}

import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { keywordTerm, licensesIn, licenseTerm } from './document.ts'

/** Where is searched: all conditions together. */
export interface SearchFilters {
  readonly ecosystem?: string
  readonly namespace?: string
  readonly keyword?: string
  /** An SPDX id, or a whole expression. */
  readonly license?: string
  /** Milliseconds since 1970. */
  readonly updatedSince?: number
}

/** The same, understood. */
export interface SearchScope {
  readonly ecosystem?: string
  readonly namespaceId?: number
  readonly keyword?: string
  readonly license?: string
  readonly updatedSince?: number
}

const MAX_FILTER_CHARS = 200

/** Throws for a filter that cannot be. */
export async function scopeOf(app: App, search: SearchFilters): Promise<SearchScope> {
  const { ecosystem, namespace, updatedSince } = search
  if (ecosystem !== undefined && !app.ecosystems.some(({ id }) => id === ecosystem)) {
    throw new RegistryError('not_found', `no ecosystem ${ecosystem.slice(0, 64)} here`)
  }
  for (const text of [search.keyword, search.license]) {
    if (text === undefined || (text !== '' && text.length <= MAX_FILTER_CHARS)) continue
    throw new RegistryError('invalid_request', `a filter has 1 to ${MAX_FILTER_CHARS} characters`)
  }
  return {
    ...(ecosystem !== undefined && { ecosystem }),
    ...(namespace !== undefined && {
      namespaceId: (await getNamespace(app.database.db, namespace)).id,
    }),
    ...(search.keyword !== undefined && { keyword: search.keyword }),
    ...(search.license !== undefined && { license: search.license }),
    ...(updatedSince !== undefined && { updatedSince }),
  }
}

/**
 * Whether the filters leave it. Asked of candidates here, not of the database: it would take an
 * index that fits the filter and read all of that.
 */
export function isWithin(
  scope: SearchScope,
  found: {
    readonly ecosystem: string
    readonly namespaceId: number
    readonly updatedAt: number
    readonly keywords: string
    readonly license: string
  },
): boolean {
  const { keyword, license } = scope
  if (scope.ecosystem !== undefined && scope.ecosystem !== found.ecosystem) return false
  if (scope.namespaceId !== undefined && scope.namespaceId !== found.namespaceId) return false
  if (scope.updatedSince !== undefined && scope.updatedSince > found.updatedAt) return false
  if (keyword !== undefined) {
    const keywords = JSON.parse(found.keywords) as string[]
    if (!keywords.some((one) => keywordTerm(one) === keywordTerm(keyword))) return false
  }
  return (
    license === undefined ||
    licensesIn(found.license).map(licenseTerm).includes(licenseTerm(license))
  )
}

import { type Dependency, isStd } from './dependencies.ts'
import type { Findings } from './findings.ts'

const NAME = /^[a-zA-Z0-9_][a-zA-Z0-9_-]{0,63}$/
const MAX_FEATURES = 200
const MAX_ITEMS = { items: 100, chars: 200 }

/** Reads `[features]`: each item is another feature, a dependency, or a part of std. */
export function readFeatures(
  raw: unknown,
  dependencies: readonly Dependency[],
  findings: Findings,
): Record<string, string[]> {
  const entries = Object.entries(findings.table('features', raw))
  if (entries.length > MAX_FEATURES) {
    findings.refuse('too_long', `there are more than ${MAX_FEATURES} features`)
    return {}
  }
  const names = new Set(entries.map(([name]) => name))
  const known = new Set([...names, ...dependencies.map(({ name }) => name)])
  const features = new Map<string, string[]>()
  for (const [name, value] of entries) {
    const where = `features.${name.slice(0, 64)}`
    if (!NAME.test(name)) findings.refuse('feature_name', `${where} is no name of a feature`)
    const items = findings.texts(where, value, MAX_ITEMS)
    for (const item of items) {
      if (known.has(item) || isStd(item)) continue
      findings.refuse(
        'feature_unknown',
        `${where}: ${JSON.stringify(item)} is neither a feature, a dependency nor a part of std`,
      )
    }
    features.set(name, items)
  }
  return Object.fromEntries(features)
}

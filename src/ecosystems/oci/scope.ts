import type { OciAction } from './request.ts'

/** What a client asks a token for: one repository and what to do with it. */
export interface Scope {
  readonly name: string
  readonly actions: ReadonlySet<OciAction>
}

const ACTIONS: readonly OciAction[] = ['pull', 'push', 'delete']

/**
 * Parses `type[(class)]:name:action[,action]` (distribution, "token scope"); nothing for types other
 * than repository. A name may hold a colon of its own, so the first and the last one separate.
 */
export function parseScope(raw: string): Scope | undefined {
  const first = raw.indexOf(':')
  const last = raw.lastIndexOf(':')
  if (first === last) return undefined
  const type = raw.slice(0, first).replace(/\([^()]*\)$/, '')
  const name = raw.slice(first + 1, last)
  if (type !== 'repository' || name === '') return undefined
  const asked = raw.slice(last + 1).split(',')
  const actions = ACTIONS.filter((action) => asked.includes(action) || asked.includes('*'))
  return { name, actions: new Set(actions) }
}

/** The scope text of one repository. */
export function formatScope(name: string, actions: Iterable<string>): string {
  return `repository:${name}:${[...actions].join(',')}`
}

/**
 * Keys that nobody may have as a user or namespace: they are, or may become, first path parts of
 * this server, or they could be mistaken for the registry itself in an audit line.
 */
const RESERVED: ReadonlySet<string> = new Set([
  'admin',
  'anonymous',
  'api',
  'docs',
  'elba',
  'entrepot',
  'gren',
  'healthz',
  'log',
  'metrics',
  'oci',
  'opm',
  'operator',
  'ori',
  'purescript',
  'readyz',
  'root',
  'static',
  'system',
  'token',
  'v1',
  'v2',
])

/** Whether a key is kept for the registry itself. */
export function isReservedName(key: string): boolean {
  return RESERVED.has(key)
}

/**
 * Reads the path of a file or folder inside the package: relative, `/` between the parts, never upwards.
 * Answers it without what means nothing (`./`, a slash behind), or nothing when it is none.
 */
export function subPath(raw: string): string | undefined {
  if (raw === '' || raw.startsWith('/') || /[\\\0]/.test(raw) || /^[A-Za-z]:/.test(raw)) {
    return undefined
  }
  const parts = raw.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) return undefined
  return parts.join('/') || '.'
}

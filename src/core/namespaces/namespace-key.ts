/** The key under which two namespace names are one: lower-case, '_' folded to '-'. */
export function namespaceKey(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

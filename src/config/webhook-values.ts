import { type DocsSite, parseDocsSite } from '#core/webhooks/configured.ts'
import { hostNames, listOf, networks } from './values.ts'

/** What webhooks may reach although it is not public. */
export const reachable = listOf<string>({
  expected: 'IP addresses, networks or host names, such as 10.1.2.0/24 or hooks.internal',
  parse: (text) => networks.parse(text)?.[0] ?? hostNames.parse(text)?.[0],
})

/** Docs sites that are told of releases. */
export const docsSites = listOf<DocsSite>({
  expected: 'an ecosystem and a URL, such as gren https://packages.gren-lang.org/import/init',
  parse: parseDocsSite,
})

import type { Ecosystem } from '#ecosystems/contract.ts'
import { indexAddresses } from '#ecosystems/index-routes.ts'
import type { Api, ApiContext } from './env.ts'
import { startPage } from './start-page.ts'

/** What an instance is and speaks, for programs. */
export interface Discovery {
  readonly name: 'entrepot'
  readonly url: string
  readonly api: string
  readonly openapi: string
  readonly docs: string
  readonly ecosystems: ReadonlyArray<{
    readonly id: string
    readonly label: string
    readonly url: string
    /** Where its index is, in each form, when it has one. */
    readonly index?: { readonly git: string; readonly archive: string; readonly files: string }
  }>
}

/** `/`, `/.well-known/entrepot` and `/robots.txt`. */
export function mountDiscovery(api: Api): void {
  api.get('/', (c) => {
    c.header('vary', 'accept')
    const found = discover(c)
    return wantsJson(c.req.header('accept')) ? c.json(found) : startPage(c, found)
  })
  api.get('/.well-known/entrepot', (c) => {
    c.header('cache-control', 'public, max-age=300')
    return c.json(discover(c))
  })
  api.get('/robots.txt', (c) => {
    c.header('cache-control', 'public, max-age=86400')
    return c.text('User-agent: *\nAllow: /$\nDisallow: /\n', 200, {
      'content-type': 'text/plain; charset=utf-8',
    })
  })
}

function discover(c: ApiContext): Discovery {
  const url = c.var.app.settings.publicUrl
  return {
    name: 'entrepot',
    url: `${url}/`,
    api: `${url}/api/v1/`,
    openapi: `${url}/api/v1/openapi.json`,
    docs: `${url}/api/docs`,
    ecosystems: c.var.ecosystems.map((ecosystem) => ({
      id: ecosystem.id,
      label: ecosystem.label,
      url: `${url}/${firstSegmentOf(ecosystem)}/`,
      ...(ecosystem.index && { index: indexAddresses(url, ecosystem.id) }),
    })),
  }
}

function firstSegmentOf({ id, fixedSegments }: Ecosystem): string {
  return fixedSegments?.[0] ?? id
}

/** People's browsers say text/html; whoever asks for JSON and not for that is a program. */
function wantsJson(accept = ''): boolean {
  return /\bapplication\/json\b/i.test(accept) && !/\btext\/html\b/i.test(accept)
}

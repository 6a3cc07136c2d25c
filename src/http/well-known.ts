import type { App } from '#core/app.ts'
import type { Ecosystem } from '#ecosystems/contract.ts'
import type { Face } from './answer.ts'
import { pathOf } from './request-context.ts'

/** `/.well-known/<name>`: what ecosystems say of the registry as a whole; the rest is the API's. */
export function wellKnownFace(app: App, ecosystems: readonly Ecosystem[], api: Face): Face {
  const documents = new Map(ecosystems.flatMap(({ wellKnown }) => Object.entries(wellKnown ?? {})))
  return {
    ...api,
    id: 'well-known',
    fetch(request, context) {
      const name = pathOf(request.url).slice('/.well-known/'.length)
      const document =
        request.method === 'GET' || request.method === 'HEAD' ? documents.get(name) : undefined
      if (context.refusal || !document) return api.fetch(request, context)
      const headers = { 'content-type': 'application/json', 'cache-control': 'public, max-age=60' }
      const body = request.method === 'HEAD' ? null : JSON.stringify(document(app))
      return new Response(body, { headers })
    },
  }
}

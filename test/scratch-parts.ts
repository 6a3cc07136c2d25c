import { openTestApp } from '#test/app.ts'

const t = await openTestApp()
const body = new TextEncoder().encode('x'.repeat(800))
const small = { headers: new Headers({ 'content-type': 'application/json' }) }
const big = {
  headers: new Headers({
    'content-type': 'application/vnd.oci.image.manifest.v1+json',
    etag: '"sha256:fc2e4f146669a7ca5573d9b4c5e73f424fc7a3096b1f5d27e47b6de23efac638"',
    'cache-control': 'no-cache',
    'docker-content-digest':
      'sha256:fc2e4f146669a7ca5573d9b4c5e73f424fc7a3096b1f5d27e47b6de23efac638',
    'x-content-type-options': 'nosniff',
    'docker-distribution-api-version': 'registry/2.0',
    'referrer-policy': 'no-referrer',
  }),
}
const kept = new Response(body, big)
let last = ''
const variants: Record<string, (r: Request) => Response> = {
  plain: () => new Response(body, small),
  bigHeaders: () => new Response(body, big),
  bigClone: () => kept.clone(),
  oneGet: (r) => {
    last = r.headers.get('host') ?? ''
    return new Response(body, small)
  },
  fourGets: (r) => {
    last =
      (r.headers.get('host') ?? '') +
      r.headers.get('range') +
      r.headers.get('authorization') +
      r.headers.get('if-none-match')
    return new Response(body, small)
  },
  url: (r) => {
    last = r.url
    return new Response(body, small)
  },
  method: (r) => {
    last = r.method
    return new Response(body, small)
  },
  begin: () => {
    t.app.cache.begin()
    return new Response(body, small)
  },
  all: (r) => {
    last =
      r.method +
      r.url +
      (r.headers.get('host') ?? '') +
      r.headers.get('range') +
      r.headers.get('authorization') +
      r.headers.get('if-none-match')
    t.app.cache.begin()
    return new Response(body, big)
  },
  allClone: (r) => {
    last =
      r.method +
      r.url +
      (r.headers.get('host') ?? '') +
      r.headers.get('range') +
      r.headers.get('authorization') +
      r.headers.get('if-none-match')
    t.app.cache.begin()
    return kept.clone()
  },
}
let port = 7300
for (const [name, fetch] of Object.entries(variants)) {
  Bun.serve({ hostname: '127.0.0.1', port, fetch })
  console.log(port++, name)
}
setTimeout(() => process.exit(0), 90_000)

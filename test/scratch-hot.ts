import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { serve } from '#runtime/serve.ts'
import { openTestApp } from '#test/app.ts'
import { digestOf } from '#test/oci-client.ts'
import { newUser, testServerOptions } from '#test/served.ts'

const t = await openTestApp()
const app = t.app
const handler = createFetch(app, ecosystems, testServerOptions())
const conn = { remoteAddress: () => '127.0.0.1' }
const ann = await newUser(app, 'ann', { namespaces: ['ann'] })
const call = (method: string, path: string, init: RequestInit = {}) =>
  handler(new Request(`http://127.0.0.1:7080${path}`, { method, ...init }), conn)
const H = { authorization: ann.basic }
const cfg = new TextEncoder().encode('{}')
let r = await call('POST', `/v2/ann/app/blobs/uploads/?digest=${digestOf(cfg)}`, {
  headers: { ...H, 'content-length': '2', 'content-type': 'application/octet-stream' },
  body: cfg,
})
if (r.status !== 201) console.log(r.status, await r.text())
const type = 'application/vnd.oci.image.manifest.v1+json'
const d = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(cfg), size: 2 }
const m = JSON.stringify({
  schemaVersion: 2,
  mediaType: type,
  config: d,
  layers: [d],
  annotations: { x: 'y'.repeat(400) },
})
r = await call('PUT', '/v2/ann/app/manifests/latest', {
  headers: { ...H, 'content-type': type },
  body: m,
})
if (r.status !== 201) console.log(r.status, await r.text())
r = await call('GET', '/v2/ann/app/manifests/latest')
console.log(r.status, (await r.text()).length, Object.fromEntries(r.headers))
if (process.argv[2] === 'serve') {
  const s = await serve({
    hostname: '127.0.0.1',
    port: Number(process.argv[3] ?? 7199),
    fetch: handler,
    onError: () => new Response('x', { status: 500 }),
  })
  const plain = await serve({
    hostname: '127.0.0.1',
    port: Number(process.argv[3] ?? 7199) + 1,
    fetch: () => new Response(m, { headers: { 'content-type': type } }),
    onError: () => new Response('x', { status: 500 }),
  })
  console.log(s.url, plain.url)
  setTimeout(() => process.exit(0), 60_000)
} else {
  const reqs = Array.from(
    { length: 1000 },
    () =>
      new Request('http://127.0.0.1:7080/v2/ann/app/manifests/latest', {
        headers: { accept: '*/*' },
      }),
  )
  const bench = (name: string, f: (r: Request) => unknown) => {
    for (let i = 0; i < 50_000; i++) f(reqs[i % 1000] as Request)
    const best = Math.min(
      ...[1, 2, 3, 4, 5].map(() => {
        const a = process.cpuUsage()
        for (let i = 0; i < 100_000; i++) f(reqs[i % 1000] as Request)
        const b = process.cpuUsage(a)
        return (b.user + b.system) / 100_000
      }),
    )
    console.log(name.padEnd(30), best.toFixed(3), 'µs cpu')
  }
  bench('fetch', (q) => handler(q, conn))
  bench('cache.begin', () => app.cache.begin())
  bench(
    'new Response(bytes, headers)',
    () =>
      new Response(m, {
        headers: {
          'content-type': type,
          etag: 'x',
          'cache-control': 'no-cache',
          'docker-content-digest': 'sha256:aaaaaaaaaaaaaaaaaaaaaaaaa',
          'x-content-type-options': 'nosniff',
        },
      }),
  )
  const hh = new Headers({
    'content-type': type,
    etag: 'x',
    'cache-control': 'no-cache',
    'docker-content-digest': 'sha256:aaaaaaaaaaaaaaaaaaaaaaaaa',
    'x-content-type-options': 'nosniff',
  })
  bench('new Response(bytes, Headers)', () => new Response(m, { headers: hh }))
  if (typeof Bun === 'undefined') process.exit(0)
  const u8 = new TextEncoder().encode(m)
  bench('new Response(u8, Headers)', () => new Response(u8, { headers: hh }))
  const init = { headers: hh }
  bench('new Response(u8, init)', () => new Response(u8, init))
  const kept = new Response(u8, init)
  bench('kept.clone()', () => kept.clone())
  const blob = new Blob([u8])
  bench('new Response(blob, init)', () => new Response(blob, init))
  bench('3 headers.get', (q) => [
    q.headers.get('range'),
    q.headers.get('authorization'),
    q.headers.get('if-none-match'),
  ])
  bench('url', (q) => q.url)
  bench('Date.now', () => Date.now())
  bench('performance.now', () => performance.now())
  await t.close()
  process.exit(0)
}

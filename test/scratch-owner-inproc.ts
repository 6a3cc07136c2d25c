import { createHash, randomBytes } from 'node:crypto'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { openTestApp } from '#test/app.ts'
import { newUser, testServerOptions } from '#test/served.ts'

const t = await openTestApp()
const app = { ...t.app, clock: () => new Date() }
const u = await newUser(app, 'bench', { namespaces: ['bench'] })
const answer = createFetch(app, ecosystems, testServerOptions())
const conn = { remoteAddress: () => '127.0.0.1' }
const headers = { authorization: `Bearer ${u.secret}`, host: 'x' }
async function push() {
  const bytes = randomBytes(10240)
  const digest = 'sha256:' + createHash('sha256').update(bytes).digest('hex')
  const a = await answer(
    new Request('http://x/v2/bench/image/blobs/uploads/', { method: 'POST', headers }),
    conn,
  )
  const loc = a.headers.get('location')
  if (a.status !== 202) throw new Error(await a.text())
  const b = await answer(
    new Request(`http://x${loc}?digest=${digest}`, { method: 'PUT', headers, body: bytes }),
    conn,
  )
  if (b.status !== 201) throw new Error(await b.text())
}
async function run(n: number) {
  let left = n
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (left-- > 0) await push()
    }),
  )
}
await run(300)
for (let i = 0; i < 3; i++) {
  const c = process.cpuUsage(),
    t0 = performance.now()
  await run(1000)
  const d = process.cpuUsage(c),
    dt = performance.now() - t0
  console.log(
    `per push: wall ${dt.toFixed(0)} us*1000, user ${(d.user / 1000).toFixed(0)} us, sys ${(d.system / 1000).toFixed(0)} us, ${(1000000 / dt).toFixed(0)}/s`,
  )
}
await t.close()
process.exit(0)
await t.close()
process.exit(0)

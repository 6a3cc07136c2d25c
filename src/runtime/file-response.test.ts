import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileResponse } from '#runtime/file-response.ts'
import { serve } from '#runtime/serve.ts'
import { after, before, describe, test } from '#runtime/test.ts'

const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 7 + (i >> 8)) & 255)

describe('fileResponse', () => {
  let folder = ''
  let stop = () => Promise.resolve()
  let url = ''
  const errors: unknown[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'entrepot-file-'))
    await writeFile(join(folder, 'file'), bytes)
    await writeFile(join(folder, 'empty'), '')
    const server = await serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch(request) {
        const { pathname, searchParams } = new URL(request.url)
        const start = Number(searchParams.get('start'))
        const end = Number(searchParams.get('end'))
        const status = start > 0 ? 206 : 200
        return fileResponse(join(folder, pathname), {
          status,
          headers: { etag: '"e"' },
          start,
          end,
        })
      },
      onError(error) {
        errors.push(error)
        return new Response('failed', { status: 500 })
      },
    })
    url = server.url
    stop = () => server.stop(1000)
  })
  after(async () => {
    await stop()
    await rm(folder, { recursive: true })
  })

  for (const [start, end] of [
    [0, 1_000_000],
    [0, 1],
    [10, 20],
    [999_999, 1_000_000],
    [262_144, 524_288],
    [300_000, 1_000_000],
  ] as const) {
    test(`bytes ${start} to ${end}`, async () => {
      const response = await fetch(`${url}/file?start=${start}&end=${end}`)
      assert.equal(response.status, start > 0 ? 206 : 200)
      assert.equal(response.headers.get('content-length'), String(end - start))
      assert.equal(response.headers.get('content-type'), 'application/octet-stream')
      assert.equal(response.headers.get('content-disposition'), 'attachment')
      assert.equal(response.headers.get('etag'), '"e"')
      assert.deepEqual(await response.bytes(), bytes.slice(start, end))
    })
  }

  test('an empty file', async () => {
    const response = await fetch(`${url}/empty?start=0&end=0`)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-length'), '0')
    assert.equal(await response.text(), '')
  })

  test('a vanished file fails at once', async () => {
    const get = async () => (await fetch(`${url}/gone?start=0&end=10`)).status
    assert.ok([500, 'cut'].includes(await get().catch(() => 'cut')))
    assert.match(String(errors.pop()), /ENOENT/)
  })

  test('a file that became shorter fails or says so', async () => {
    await writeFile(join(folder, 'short'), bytes)
    await truncate(join(folder, 'short'), 500)
    const get = async () => (await fetch(`${url}/short?start=0&end=1000`)).bytes()
    const got = await get().catch(() => 'cut' as const)
    assert.ok(got === 'cut' || got.length === 500)
  })

  test('a client that leaves does not keep the file open', {
    skip: process.platform === 'linux' ? false : 'needs /proc',
  }, async () => {
    for (let i = 0; i < 20; i++) {
      const response = await fetch(`${url}/file?start=0&end=1000000`)
      await response.body?.cancel()
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
    const { readlink } = await import('node:fs/promises')
    const open = await readdir('/proc/self/fd')
    const targets = await Promise.all(
      open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    )
    assert.deepEqual(
      targets.filter((target) => target.startsWith(folder)),
      [],
    )
  })
})

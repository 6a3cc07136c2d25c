import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RegistryError } from '#core/errors.ts'
import { describe, test } from '#runtime/test.ts'
import { partText, readMultipart } from './multipart.ts'

const BOUNDARY = 'b0undary'

/** A request whose body comes in pieces of these sizes, again and again. */
function requestOf(bytes: Uint8Array, sizes: readonly number[], type?: string): Request {
  let at = 0
  let turn = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.byteLength) return controller.close()
      const size = sizes[turn++ % sizes.length] ?? bytes.byteLength
      controller.enqueue(Uint8Array.from(bytes.subarray(at, at + size)))
      at += size
    },
  })
  const headers = { 'content-type': type ?? `multipart/form-data; boundary=${BOUNDARY}` }
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, headers, duplex: 'half' }
  return new Request('http://localhost/', init)
}

async function partsOf(request: Request): Promise<[string, string][]> {
  const parts: [string, string][] = []
  for await (const part of readMultipart(request)) {
    parts.push([part.name, await partText(part, 1e6)])
  }
  return parts
}

const encode = (parts: readonly (readonly [string, string])[]) =>
  Buffer.from(
    `${parts
      .map(
        ([name, text]) =>
          `--${BOUNDARY}\r\nContent-Type: x/y\r\nContent-Disposition: form-data; filename="name=z"; name="${name}"\r\n\r\n${text}\r\n`,
      )
      .join('')}--${BOUNDARY}--\r\n`,
  )

describe('multipart', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })
  const piece = fc.constantFrom('\r\n', '--', '\r', `--${BOUNDARY.slice(0, 5)}`, 'a', '\r\n--b0')
  const text = fc.array(piece, { maxLength: 12 }).map((all) => all.join(''))
  const parts = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), text), { maxLength: 5 })

  test('every part comes out as it went in, however the body is cut', async () => {
    await fc.assert(
      fc.asyncProperty(parts, sizes, async (list, cut) => {
        assert.deepEqual(await partsOf(requestOf(encode(list), cut)), list)
      }),
    )
  })

  test('a body that ends early is refused, wherever', async () => {
    await fc.assert(
      fc.asyncProperty(parts, fc.double({ min: 0, max: 1, noNaN: true }), async (list, share) => {
        const bytes = encode(list)
        const end = Math.floor((bytes.byteLength - 5) * share)
        const cut = requestOf(bytes.subarray(0, end), [7])
        await assert.rejects(partsOf(cut), (error) => {
          assert.ok(error instanceof RegistryError)
          return error.code === 'invalid_request'
        })
      }),
    )
  })

  test('parts that are not read are skipped', async () => {
    const list = [
      ['a', 'x'.repeat(1000)],
      ['b', 'y'],
    ] as const
    const names: string[] = []
    for await (const part of readMultipart(requestOf(encode(list), [13]))) names.push(part.name)
    assert.deepEqual(names, ['a', 'b'])
  })

  test('what browsers and other clients make is understood', async () => {
    const form = new FormData()
    form.set('checksum', 'abc')
    form.set('archive', new Blob(['bytes']), 'naïve "name".oripk')
    const request = new Request('http://localhost/', { method: 'POST', body: form })
    assert.deepEqual(await partsOf(request), [
      ['checksum', 'abc'],
      ['archive', 'bytes'],
    ])
    const bare = Buffer.from('--x y\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--x y--')
    const quoted = requestOf(bare, [3], 'Multipart/Form-Data; charset=x; boundary="x y"')
    assert.deepEqual(await partsOf(quoted), [['a', '1']])
  })

  for (const type of ['text/plain', 'multipart/form-data', 'multipart/mixed; boundary=x', '']) {
    test(`${JSON.stringify(type)} is not taken`, async () => {
      await assert.rejects(partsOf(requestOf(encode([]), [9], type)), {
        code: 'unsupported_media_type',
      })
    })
  }

  test('too many parts, too long heads, parts without a name', async () => {
    const many = Array.from({ length: 21 }, () => ['a', ''] as const)
    await assert.rejects(partsOf(requestOf(encode(many), [999])), { code: 'invalid_request' })
    const long = Buffer.from(`--${BOUNDARY}\r\nx: ${'y'.repeat(10_000)}\r\n\r\n`)
    await assert.rejects(partsOf(requestOf(long, [999])), { code: 'invalid_request' })
    const nameless = Buffer.from(`--${BOUNDARY}\r\nx: y\r\n\r\n\r\n--${BOUNDARY}--`)
    await assert.rejects(partsOf(requestOf(nameless, [999])), { code: 'invalid_request' })
  })
})

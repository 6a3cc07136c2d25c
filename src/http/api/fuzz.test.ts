import assert from 'node:assert/strict'
import fc from 'fast-check'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ApiWorld, openApiWorld } from '#test/api-world.ts'
import { openApiDocument } from './open-api.ts'

const RUNS = 600
const ENDPOINTS = Object.entries(openApiDocument().paths ?? {}).flatMap(([path, item]) =>
  Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
)

/** Texts that break things, names that exist, and anything. */
const word = fc.oneof(
  fc.constantFrom('acme', 'ann', 'sam', 'oci', 'acme/web', 'acme/secret', '1', '12', 'ÿ', '\0'),
  fc.constantFrom('', ' ', '.', '..', '../..', '%', '%00', '\u2028', '\ud800', "' or 1=1 --", '-1'),
  fc.string({ unit: 'binary', maxLength: 300 }),
)
const field = fc.oneof(
  fc.constantFrom('name', 'email', 'role', 'scopes', 'user', 'namespace', 'visibility'),
  fc.constantFrom('consumerLabels', 'providerLabels', 'maxBytes', 'onlyPackages', 'expiresAt'),
  fc.constantFrom('isDisabled', 'isOperator', 'immutableTags', 'owner', '__proto__'),
)
const value = fc.oneof(
  word,
  fc.constantFrom('reader', 'private', true, null, -1, 0, 1e300, 2 ** 53, ['read'], ['\0'], {}),
  fc.dictionary(word, word, { maxKeys: 3 }),
  fc.jsonValue(),
)
const body = fc.oneof(fc.dictionary(field, value, { maxKeys: 6 }), fc.jsonValue())
const query = fc.dictionary(
  fc.constantFrom('limit', 'after', 'namespace', 'user', 'member', 'ecosystem', 'since', 'action'),
  word,
  { maxKeys: 4 },
)

describe('malformed requests', () => {
  let world: ApiWorld

  before(async () => {
    world = await openApiWorld()
  })
  after(() => world.t.close())

  test('none is the server’s failure, and each is told what was wrong', async () => {
    const endpoint = fc.constantFrom(...ENDPOINTS)
    const words = fc.array(word, { minLength: 2, maxLength: 2 })
    const statuses = new Set<number>()
    const check = async (
      { method, path }: (typeof ENDPOINTS)[number],
      [first = '', second = '']: string[],
      asked: Record<string, string>,
      sent: unknown,
    ) => {
      const left = [first, second]
      const target = path.replaceAll(/\{\w+\}/g, () => encode(left.shift() ?? ''))
      const search = Object.entries(asked).map(([name, text]) => `${name}=${encode(text)}`)
      const { status } = await world.call(method, `${target}?${search.join('&')}`, {
        as: world.boss,
        ...(['POST', 'PUT', 'PATCH'].includes(method) && { body: JSON.stringify(sent) }),
      })
      statuses.add(status)
      assert.ok(status < 500, `${method} ${target}: ${status}`)
    }
    await fc.assert(fc.asyncProperty(endpoint, words, query, body, check), { numRuns: RUNS })
    assert.ok(statuses.has(200) && statuses.has(400) && statuses.has(404), `${[...statuses]}`)
  })
})

/** Half a surrogate pair cannot be encoded; it is sent as what servers see of it. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

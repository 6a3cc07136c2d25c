import assert from 'node:assert/strict'
import { jsonOf } from '#test/oci-client.ts'
import type { Answer } from '#test/raw-http.ts'
import { allPages, expectError, expectStatus, nextPage } from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

const pushedTags = ['v2', 'B', '1.0', 'a', 'v10', 'Z_9', 'latest']

/** end-8 and the catalog: lists and their pages. */
export const listTests: ConformanceTests = {
  'end-8a: all tags, sorted': async (world) => {
    const { client, repository } = await tagged(world)
    const answer = expectStatus(await client.get(`/v2/${repository}/tags/list`), 200)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json\b/)
    assert.equal(jsonOf<{ name: string }>(answer).name, repository)
    expectSorted(tagsOf(answer))
    assert.deepEqual([...tagsOf(answer)].sort(), [...pushedTags].sort())
  },

  'end-8a: an unknown repository is 404, or an empty list': async ({ client, newRepository }) => {
    const answer = await client.get(`/v2/${newRepository()}/tags/list`)
    if (answer.status === 200) assert.deepEqual(tagsOf(answer), [])
    else expectError(answer, 404, 'NAME_UNKNOWN')
  },

  'end-8a: a repository without tags has an empty list, not null': async (world) => {
    const { client } = world
    const repository = world.newRepository()
    await client.pushImage(repository)
    const answer = expectStatus(await client.get(`/v2/${repository}/tags/list`), 200)
    assert.deepEqual(tagsOf(answer), [])
  },

  'end-8b: n pages the list, Link leads through all of it': async (world) => {
    const { client, repository } = await tagged(world)
    const path = `/v2/${repository}/tags/list`
    const all = tagsOf(await client.get(path))
    for (const n of [1, 2, 3, 7, 100]) {
      const pages = await allPages(client, `${path}?n=${n}`)
      assert.deepEqual(pages.flatMap(tagsOf), all)
      for (const page of pages.slice(0, -1)) assert.equal(tagsOf(page).length, n)
      assert.ok(pages.length <= Math.ceil(all.length / n) + 1)
    }
  },

  'end-8b: last is exclusive, and need not exist': async (world) => {
    const { client, repository } = await tagged(world)
    const path = `/v2/${repository}/tags/list`
    const all = tagsOf(await client.get(path))
    const [, second = ''] = all
    assert.deepEqual(tagsOf(await client.get(`${path}?last=${second}`)), all.slice(2))
    assert.deepEqual(tagsOf(await client.get(`${path}?n=2&last=${second}`)), all.slice(2, 4))
    assert.deepEqual(tagsOf(await client.get(`${path}?last=${second}-`)), all.slice(2))
    const after = expectStatus(await client.get(`${path}?n=5&last=zzzz`), 200)
    assert.deepEqual(tagsOf(after), [])
    assert.equal(nextPage(after), undefined)
  },

  'end-8b: n=0 is an empty list without Link': async (world) => {
    const { client, repository } = await tagged(world)
    const answer = expectStatus(await client.get(`/v2/${repository}/tags/list?n=0`), 200)
    assert.deepEqual(tagsOf(answer), [])
    assert.equal(answer.headers.get('link'), null)
  },

  'end-8b: n that is no number is 400 or ignored': async (world) => {
    const { client, repository } = await tagged(world)
    for (const n of ['abc', '-1', '1.5', '99999999999999999999', '']) {
      const answer = await client.get(`/v2/${repository}/tags/list?n=${n}`)
      if (answer.status === 200) assert.ok(Array.isArray(tagsOf(answer)))
      else expectError(answer, 400)
    }
  },

  'catalog: lists repositories, sorted, in pages': async (world) => {
    const { client } = world
    const mine = [world.newRepository(), `${world.newRepository()}/deep/er`, world.newRepository()]
    for (const repository of mine) await client.pushImage(repository, 'v1')
    const all = (await allPages(client, '/v2/_catalog')).flatMap(repositoriesOf)
    for (const repository of mine) assert.ok(all.includes(repository), repository)
    assert.equal(new Set(all).size, all.length)
    expectSorted(all)
    const paged = await allPages(client, '/v2/_catalog?n=7')
    assert.deepEqual(paged.flatMap(repositoriesOf), all)
    for (const page of paged.slice(0, -1)) assert.equal(repositoriesOf(page).length, 7)
  },

  'catalog: last is exclusive, n=0 is empty': async (world) => {
    const { client } = world
    for (let count = 0; count < 2; count += 1) await client.pushImage(world.newRepository(), 'v1')
    const all = (await allPages(client, '/v2/_catalog')).flatMap(repositoriesOf)
    const last = encodeURIComponent(all.at(-2) ?? '')
    const answer = expectStatus(await client.get(`/v2/_catalog?n=9&last=${last}`), 200)
    assert.deepEqual(repositoriesOf(answer), all.slice(-1))
    const none = expectStatus(await client.get('/v2/_catalog?n=0'), 200)
    assert.deepEqual(repositoriesOf(none), [])
    assert.equal(none.headers.get('link'), null)
  },
}

async function tagged(world: World) {
  const { client } = world
  const repository = world.newRepository()
  const image = await client.pushImage(repository)
  for (const tag of pushedTags) await client.pushManifest(repository, image, tag)
  return { client, repository }
}

function tagsOf(answer: Answer): string[] {
  return jsonOf<{ tags: string[] }>(answer).tags
}

function repositoriesOf(answer: Answer): string[] {
  return jsonOf<{ repositories: string[] }>(answer).repositories
}

/** ASCII order or case-insensitive order; the specification leaves the choice. */
function expectSorted(found: string[]): void {
  const folded = (text: string) => text.toLowerCase()
  const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0)
  const ascii = [...found].sort(compare)
  const insensitive = [...found].sort((left, right) => compare(folded(left), folded(right)))
  const sorted = [ascii, insensitive].some((order) => order.join() === found.join())
  assert.ok(sorted, `not sorted: ${found.join(' ')}`)
}

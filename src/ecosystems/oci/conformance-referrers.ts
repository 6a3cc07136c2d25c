import assert from 'node:assert/strict'
import {
  type Descriptor,
  describeManifest,
  digestOf,
  jsonOf,
  type Manifest,
  makeIndex,
  makeManifest,
  mediaTypes,
  randomBytes,
  randomWord,
} from '#test/oci-client.ts'
import type { Answer } from '#test/raw-http.ts'
import { allPages, expectError, expectStatus, listHeader } from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

const sbom = 'application/vnd.example.sbom.v1'
const signature = 'application/vnd.example.signature.v1'

/** end-12: referrers, and the subject rules of end-7. */
export const referrerTests: ConformanceTests = {
  'end-12a: a repository nobody used has an empty index': async (world) => {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const digest = digestOf(randomBytes(9), algorithm)
      assert.deepEqual(await referrers(world, world.newRepository(), digest), [])
    }
  },

  'end-12a: an unknown digest, or one without referrers, has an empty index': async (world) => {
    const { repository, subject } = await pushed(world)
    assert.deepEqual(await referrers(world, repository, subject.digest), [])
    assert.deepEqual(await referrers(world, repository, digestOf(randomBytes(9))), [])
  },

  'end-12a: a malformed digest is 400': async (world) => {
    const { client, repository } = await pushed(world)
    const hex = 'a'.repeat(64)
    for (const digest of ['sha256:baddigeststring', 'latest', hex, `sha256:${hex.toUpperCase()}`]) {
      const answer = await client.get(`/v2/${repository}/referrers/${digest}`)
      expectError(answer, 400, 'DIGEST_INVALID')
    }
  },

  'end-7a, end-12a: a subject is answered by OCI-Subject and listed': async (world) => {
    const { client, repository, subject } = await pushed(world)
    const annotations = { 'org.example.word': randomWord(), 'org.example.order': '1' }
    const artifact = await client.pushArtifact(repository, {
      artifactType: sbom,
      subject: describeManifest(subject),
      annotations,
    })
    const again = await client.pushManifest(repository, artifact, 'by-tag')
    assert.equal(again.headers.get('oci-subject'), subject.digest)
    assert.deepEqual(await referrers(world, repository, subject.digest), [
      { ...describeManifest(artifact), artifactType: sbom, annotations },
    ])
  },

  'end-7a: without a subject there is no OCI-Subject': async (world) => {
    const { client, repository, subject } = await pushed(world)
    const answer = await client.pushManifest(repository, subject, 'again')
    assert.equal(answer.headers.get('oci-subject'), null)
  },

  'end-7a: a subject that does not exist is accepted, and listed before it comes': async (
    world,
  ) => {
    const { client, repository, subject } = await pushed(world)
    const later = makeManifest({
      mediaType: mediaTypes.index,
      manifests: [describeManifest(subject)],
    })
    const artifact = await client.pushArtifact(repository, {
      artifactType: sbom,
      subject: describeManifest(later),
    })
    const answer = await client.pushManifest(repository, artifact)
    assert.equal(answer.headers.get('oci-subject'), later.digest)
    assert.deepEqual(await digests(world, repository, later.digest), [artifact.digest])
    await client.pushManifest(repository, later, 'later')
    assert.deepEqual(await digests(world, repository, later.digest), [artifact.digest])
  },

  'end-7a: a malformed subject is 400': async (world) => {
    const { client, repository } = await pushed(world)
    const empty = await client.pushBlob(repository, randomBytes(2), mediaTypes.empty)
    for (const subject of [{ digest: 'sha256:bad' }, 'text', { mediaType: mediaTypes.image }]) {
      const document = { mediaType: mediaTypes.image, config: empty, layers: [], subject }
      const answer = await client.putManifest(repository, 'bad', makeManifest(document))
      expectError(answer, 400)
    }
  },

  'end-12a: artifactType falls back to config.mediaType for images': async (world) => {
    const { client, repository, subject } = await pushed(world)
    const image = await client.pushImage(repository, undefined, {
      subject: describeManifest(subject),
    })
    const listed = await referrers(world, repository, subject.digest)
    assert.deepEqual(listed, [{ ...describeManifest(image), artifactType: mediaTypes.config }])
  },

  'end-12a: indexes show their own artifactType, or none': async (world) => {
    const { client, repository, subject } = await pushed(world)
    const children = [describeManifest(subject)]
    const plain = makeIndex(children, { subject: describeManifest(subject) })
    const typed = makeIndex(children, { subject: describeManifest(subject), artifactType: sbom })
    for (const index of [plain, typed]) {
      const answer = await client.pushManifest(repository, index)
      assert.equal(answer.headers.get('oci-subject'), subject.digest)
    }
    const listed = await referrers(world, repository, subject.digest)
    const wanted = [describeManifest(plain), { ...describeManifest(typed), artifactType: sbom }]
    assert.deepEqual(listed.sort(byDigest), wanted.sort(byDigest))
  },

  'end-12a: sha512 subjects and referrers': async (world) => {
    const { client, repository, subject } = await pushed(world)
    const config = await client.pushBlob(repository, randomBytes(9), mediaTypes.empty, 'sha512')
    const target = makeManifest(
      { mediaType: mediaTypes.image, config, layers: [], annotations: { of: subject.digest } },
      'sha512',
    )
    await client.pushManifest(repository, target)
    const fields = { config, layers: [], artifactType: sbom, subject: describeManifest(target) }
    const artifact = makeManifest({ mediaType: mediaTypes.image, ...fields }, 'sha512')
    const answer = await client.pushManifest(repository, artifact)
    assert.equal(answer.headers.get('oci-subject'), target.digest)
    assert.deepEqual(await digests(world, repository, target.digest), [artifact.digest])
  },

  'end-12b: artifactType filters, and OCI-Filters-Applied says so': async (world) => {
    const { client, repository, subject } = await pushed(world)
    const [one, two] = await pushReferrers(world, { repository, subject }, [sbom, signature])
    const path = `/v2/${repository}/referrers/${subject.digest}`
    const unfiltered = expectStatus(await client.get(path), 200)
    assert.equal(unfiltered.headers.get('oci-filters-applied'), null)
    assert.equal(listOf(unfiltered).length, 2)
    const filters: [string, (Manifest | undefined)[]][] = [
      [sbom, [one]],
      [signature, [two]],
      ['a/b', []],
    ]
    for (const [artifactType, wanted] of filters) {
      const answer = await client.get(`${path}?artifactType=${encodeURIComponent(artifactType)}`)
      assert.deepEqual(listHeader(expectStatus(answer, 200), 'oci-filters-applied'), [
        'artifactType',
      ])
      assert.deepEqual(
        listOf(answer).map((item) => item.digest),
        wanted.map((item) => item?.digest),
      )
    }
  },

  'end-12a: all pages together hold every referrer once': async (world) => {
    const { client, repository, subject } = await pushed(world)
    const types = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? sbom : signature))
    const pushedOnes = await pushReferrers(world, { repository, subject }, types)
    const path = `/v2/${repository}/referrers/${subject.digest}`
    for (const [query, every] of [
      ['n=5', 1],
      [`n=2&artifactType=${sbom}`, 2],
    ] as const) {
      const pages = await allPages(client, `${path}?${query}`)
      const found = pages.flatMap((page) => listOf(page)).map((item) => item.digest)
      const wanted = pushedOnes.filter((_, index) => index % every === 0).map((item) => item.digest)
      assert.deepEqual(found.sort(), wanted.sort())
    }
  },

  'end-12a: a referrer belongs to its repository only': async (world) => {
    const { client, repository, subject } = await pushed(world)
    const other = world.newRepository()
    await client.pushArtifact(other, { artifactType: sbom, subject: describeManifest(subject) })
    assert.deepEqual(await referrers(world, repository, subject.digest), [])
  },

  'end-12a: a deleted referrer is gone at once, a deleted subject keeps its referrers': async (
    world,
  ) => {
    const { client, repository, subject } = await pushed(world)
    const [one, two] = await pushReferrers(world, { repository, subject }, [sbom, signature])
    expectStatus(await client.delete(`/v2/${repository}/manifests/${one?.digest}`), 202)
    assert.deepEqual(await digests(world, repository, subject.digest), [two?.digest])
    expectStatus(await client.delete(`/v2/${repository}/manifests/${subject.digest}`), 202)
    assert.deepEqual(await digests(world, repository, subject.digest), [two?.digest])
  },

  'end-12a: a fallback tag sha256-<hex> is folded in, without doubles': async (world) => {
    const { client, repository, subject } = await pushed(world)
    const [artifact] = await pushReferrers(world, { repository, subject }, [sbom])
    assert.ok(artifact)
    const listed: Descriptor = { ...describeManifest(artifact), artifactType: sbom }
    const fallback = makeIndex([listed])
    const tag = subject.digest.replace(':', '-')
    await client.pushManifest(repository, fallback, tag)
    assert.deepEqual(await digests(world, repository, subject.digest), [artifact.digest])
    const byTag = expectStatus(await client.get(`/v2/${repository}/manifests/${tag}`), 200)
    assert.equal(byTag.headers.get('docker-content-digest'), fallback.digest)
  },
}

async function pushed(world: World) {
  const repository = world.newRepository()
  const subject = await world.client.pushImage(repository, 'subject')
  return { client: world.client, repository, subject }
}

async function pushReferrers(
  { client }: World,
  { repository, subject }: { repository: string; subject: Manifest },
  types: string[],
): Promise<Manifest[]> {
  const made: Manifest[] = []
  for (const artifactType of types) {
    const annotations = { word: randomWord() }
    const fields = { artifactType, subject: describeManifest(subject), annotations }
    made.push(await client.pushArtifact(repository, fields))
  }
  return made
}

/** The descriptors of all pages. */
async function referrers({ client }: World, repository: string, digest: string) {
  const pages = await allPages(client, `/v2/${repository}/referrers/${digest}`)
  return pages.flatMap((page) => listOf(page))
}

async function digests(world: World, repository: string, digest: string): Promise<string[]> {
  return (await referrers(world, repository, digest)).map((item) => item.digest)
}

function listOf(answer: Answer): Descriptor[] {
  assert.equal(answer.headers.get('content-type')?.split(';')[0], mediaTypes.index)
  const index = jsonOf<{ schemaVersion: number; mediaType: string; manifests: Descriptor[] }>(
    answer,
  )
  assert.equal(index.schemaVersion, 2)
  assert.equal(index.mediaType, mediaTypes.index)
  return index.manifests
}

function byDigest(left: { digest: string }, right: { digest: string }): number {
  return left.digest < right.digest ? -1 : 1
}

import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ClientWorld, openClientWorld } from '#test/client-world.ts'
import { missing } from '#test/clients.ts'
import {
  addImage,
  addIndex,
  checkLayout,
  layoutDigest,
  makeLayout,
  readLayoutBlob,
  readLayoutManifest,
} from '#test/image-layouts.ts'
import { digestOf, mediaTypes } from '#test/oci-client.ts'

const skip = missing('skopeo', 'umoci')

describe('oci with skopeo', () => {
  let world: ClientWorld
  before(async () => {
    world = await openClientWorld()
  })
  after(() => world.close())

  /** Pushes a new image of umoci's; gives its repository, layout and digest. */
  async function pushNew(options: { architecture?: string; fileSizes?: number[] } = {}) {
    const { home } = world
    const layout = await makeLayout(home)
    const digest = await addImage(home, layout, 'v1', options)
    const repository = world.newRepository()
    await home.run('skopeo', 'copy', `oci:${layout}:v1`, world.at(repository, ':v1'))
    return { layout, digest, repository }
  }

  test('an image made by umoci is pushed by tag and pulled by tag and digest', {
    skip,
  }, async () => {
    const { anonymous } = world
    const { layout, digest, repository } = await pushNew()
    const back = anonymous.path('back')
    await anonymous.run('skopeo', 'copy', world.at(repository, ':v1'), `oci:${back}:tag`)
    await anonymous.run('skopeo', 'copy', world.at(repository, `@${digest}`), `oci:${back}:digest`)
    assert.equal(await layoutDigest(back, 'tag'), digest)
    assert.equal(await layoutDigest(back, 'digest'), digest)
    const pushed = await checkLayout(layout, digest)
    assert.equal(pushed.length, 4)
    assert.deepEqual(await checkLayout(back, digest), pushed)
  })

  test('what umoci unpacks from a pulled image, changes and repacks, is a new release', {
    skip,
  }, async () => {
    const { home } = world
    const { digest, repository } = await pushNew()
    const pulled = await makeLayout(home)
    await home.run('skopeo', 'copy', world.at(repository, ':v1'), `oci:${pulled}:v1`)
    const bundle = home.path('bundle')
    await home.run('umoci', 'unpack', '--rootless', '--image', `${pulled}:v1`, bundle)
    await home.run('umoci', 'repack', '--image', `${pulled}:v2`, '--no-history', bundle)
    await home.run('umoci', 'config', '--image', `${pulled}:v2`, '--author', 'ann')
    await home.run('skopeo', 'copy', `oci:${pulled}:v2`, world.at(repository, ':v2'))
    const inspected = await home.run('skopeo', 'inspect', world.at(repository, ':v2'))
    assert.equal(JSON.parse(inspected).Digest, await layoutDigest(pulled, 'v2'))
    const old = await home.run('skopeo', 'inspect', world.at(repository, ':v1'))
    assert.equal(JSON.parse(old).Digest, digest)
  })

  test('inspect gives the bytes that were pushed; list-tags lists', { skip }, async () => {
    const { home, anonymous } = world
    const { layout, digest, repository } = await pushNew({ architecture: 's390x' })
    await home.run('skopeo', 'copy', `oci:${layout}:v1`, world.at(repository, ':latest'))
    const raw = await anonymous.run('skopeo', 'inspect', '--raw', world.at(repository, ':v1'))
    assert.equal(raw, (await readLayoutBlob(layout, digest)).toString())
    const config = await anonymous.run(
      'skopeo',
      'inspect',
      '--config',
      '--raw',
      world.at(repository, ':v1'),
    )
    const manifest = await readLayoutManifest(layout, digest)
    assert.equal(digestOf(Buffer.from(config)), manifest.config?.digest)
    const inspected = JSON.parse(
      await anonymous.run('skopeo', 'inspect', world.at(repository, ':latest')),
    )
    assert.equal(inspected.Digest, digest)
    assert.equal(inspected.Architecture, 's390x')
    assert.deepEqual(inspected.RepoTags, ['latest', 'v1'])
    const listed = JSON.parse(await anonymous.run('skopeo', 'list-tags', world.at(repository, '')))
    assert.deepEqual(listed.Tags, ['latest', 'v1'])
  })

  test('a copy to another repository mounts the layers', { skip }, async () => {
    const { layout, digest, repository } = await pushNew()
    const target = world.newRepository()
    await world.home.run('skopeo', 'copy', world.at(repository, ':v1'), world.at(target, ':v1'))
    const { config, layers = [] } = await readLayoutManifest(layout, digest)
    const mounts = await world.audited('blob.mount', target)
    const mounted = mounts.map((line) => line.detail.digest).sort()
    assert.deepEqual(mounted, layers.map((layer) => layer.digest).sort())
    for (const { detail } of mounts) assert.equal(detail.from, repository)
    // skopeo holds the config in memory and never tries to mount it.
    const pushes = await world.audited('blob.push', target)
    assert.deepEqual(
      pushes.map((line) => line.detail.digest),
      [config?.digest],
    )
    const back = world.home.path('mounted')
    await world.home.run('skopeo', 'copy', world.at(target, ':v1'), `oci:${back}:v1`)
    assert.deepEqual(await checkLayout(back, digest), await checkLayout(layout, digest))
  })

  test('a second push of the same image uploads nothing', { skip }, async () => {
    const { layout, repository } = await pushNew()
    const before = await world.audited('blob.push', repository)
    assert.equal(before.length, 3)
    await world.home.run('skopeo', 'copy', `oci:${layout}:v1`, world.at(repository, ':v2'))
    assert.equal((await world.audited('blob.push', repository)).length, 3)
    assert.equal((await world.audited('blob.mount', repository)).length, 0)
  })

  test('an index of two platforms goes there, to another repository, and back', {
    skip,
  }, async () => {
    const { home, anonymous } = world
    const layout = await makeLayout(home)
    const amd64 = await addImage(home, layout, 'amd64', { architecture: 'amd64' })
    const arm64 = await addImage(home, layout, 'arm64', { architecture: 'arm64' })
    const index = await addIndex(layout, 'all', ['amd64', 'arm64'])
    const [first, second] = [world.newRepository(), world.newRepository()]
    await home.run('skopeo', 'copy', '--all', `oci:${layout}:all`, world.at(first, ':v1'))
    await home.run('skopeo', 'copy', '--all', world.at(first, ':v1'), world.at(second, ':v1'))
    assert.equal((await world.audited('blob.mount', second)).length, 4)
    const back = anonymous.path('multi')
    await anonymous.run('skopeo', 'copy', '--all', world.at(second, ':v1'), `oci:${back}:v1`)
    assert.equal(await layoutDigest(back, 'v1'), index)
    assert.deepEqual(await checkLayout(back, index), await checkLayout(layout, index))
    for (const [architecture, digest] of Object.entries({ amd64, arm64 })) {
      const one = anonymous.path(architecture)
      const choice = ['--override-arch', architecture, '--override-os', 'linux']
      await anonymous.run('skopeo', ...choice, 'copy', world.at(second, ':v1'), `oci:${one}:v1`)
      assert.equal(await layoutDigest(one, 'v1'), digest)
    }
  })

  test('sync mirrors a repository with all its tags', { skip }, async () => {
    const { home, host } = world
    const { layout, digest, repository } = await pushNew()
    const second = await addImage(home, layout, 'v2')
    await home.run('skopeo', 'copy', `oci:${layout}:v2`, world.at(repository, ':v2'))
    const flags = ['--src', 'docker', '--dest', 'docker']
    await home.run('skopeo', 'sync', ...flags, `${host}/${repository}`, `${host}/annex`)
    const mirror = repository.replace('acme/', 'annex/')
    const { client } = world
    const found = await client.head(`/v2/${mirror}/manifests/v1`)
    assert.equal(found.headers.get('docker-content-digest'), digest)
    const other = await client.head(`/v2/${mirror}/manifests/v2`)
    assert.equal(other.headers.get('docker-content-digest'), second)
  })

  test('delete takes the image away at once, and its tags', { skip }, async () => {
    const { home } = world
    const { digest, repository } = await pushNew()
    await home.run('skopeo', 'delete', world.at(repository, ':v1'))
    for (const reference of [':v1', `@${digest}`]) {
      const refused = await home.refuse('skopeo', 'inspect', world.at(repository, reference))
      assert.match(refused, /manifest unknown/)
    }
    const listed = JSON.parse(await home.run('skopeo', 'list-tags', world.at(repository, '')))
    assert.deepEqual(listed.Tags, [])
  })

  test('an artifact with a subject is listed as its referrer', { skip }, async () => {
    const { client, home } = world
    const { layout, digest, repository } = await pushNew()
    const { length } = await readLayoutBlob(layout, digest)
    const artifactType = 'application/vnd.example.sbom+json'
    const artifact = await client.pushArtifact(repository, {
      artifactType,
      subject: { mediaType: mediaTypes.image, digest, size: length },
      annotations: { 'org.example.tool': 'test' },
    })
    const answer = await client.get(`/v2/${repository}/referrers/${digest}`)
    const { manifests } = JSON.parse(Buffer.from(answer.bytes).toString())
    const { mediaType, size } = artifact
    const annotations = { 'org.example.tool': 'test' }
    const expected = { mediaType, digest: artifact.digest, size, artifactType, annotations }
    assert.deepEqual(manifests, [expected])
    const raw = await home.run(
      'skopeo',
      'inspect',
      '--raw',
      world.at(repository, `@${artifact.digest}`),
    )
    assert.equal(digestOf(Buffer.from(raw)), artifact.digest)
  })
})

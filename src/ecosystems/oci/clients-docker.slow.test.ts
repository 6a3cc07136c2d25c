import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { updatePackage } from '#core/packages/update-package.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { operator } from '#test/app.ts'
import { type ClientWorld, openClientWorld } from '#test/client-world.ts'
import type { Daemon } from '#test/clients.ts'
import { missingDocker, startDocker } from '#test/docker-daemon.ts'
import { digestOf, mediaTypes, randomBytes, randomWord } from '#test/oci-client.ts'
import { packageRef } from './name.ts'

const skip = missingDocker()

describe('oci with docker and containerd', () => {
  let world: ClientWorld
  let daemon: Daemon | undefined
  before(async () => {
    world = await openClientWorld()
    if (!skip) daemon = await startDocker(world.home)
  })
  after(async () => {
    await daemon?.stop()
    await world.close()
  })

  function docker(...args: string[]): Promise<string> {
    return world.home.run('docker', ...args)
  }

  function ctr(...args: string[]): Promise<string> {
    return world.home.run('ctr', '--namespace', 'test', ...args)
  }

  async function logIn(): Promise<void> {
    await docker('login', '-u', world.owner.name, '-p', world.owner.secret, world.host)
  }

  /** Builds and pushes an image from scratch; gives its repository, name and digest. */
  async function pushNew() {
    const context = world.home.path(`context-${randomWord()}`)
    await mkdir(context)
    await writeFile(`${context}/file`, randomBytes(5000))
    await writeFile(`${context}/Dockerfile`, 'FROM scratch\nCOPY file /file\nCMD ["/file"]\n')
    const repository = world.newRepository()
    const image = `${world.host}/${repository}:v1`
    await docker('build', '-q', '-t', image, context)
    await logIn()
    const said = await docker('push', image)
    const digest = /digest: (sha256:\w+)/.exec(said)?.[1]
    assert.ok(digest, said)
    return { repository, image, digest }
  }

  test('docker pushes, and pulls by tag and by digest', { skip }, async () => {
    const { repository, image, digest } = await pushNew()
    const answer = await world.client.get(`/v2/${repository}/manifests/v1`)
    assert.equal(digestOf(answer.bytes), digest)
    assert.equal(answer.headers.get('content-type'), mediaTypes.dockerImage)
    await docker('rmi', image)
    assert.match(await docker('pull', image), new RegExp(digest))
    await docker('rmi', image)
    assert.match(await docker('pull', `${world.host}/${repository}@${digest}`), new RegExp(digest))
  })

  test('docker mounts the layers of an image that it pushes again', { skip }, async () => {
    const { image } = await pushNew()
    const target = world.newRepository()
    await docker('tag', image, `${world.host}/${target}:v1`)
    assert.match(await docker('push', `${world.host}/${target}:v1`), /Mounted from/)
    assert.equal((await world.audited('blob.mount', target)).length, 1)
  })

  test('docker and a private repository: login, wrong password, logout', { skip }, async () => {
    const { home, host, owner, registry } = world
    const { repository, image } = await pushNew()
    const visibility = 'private'
    await updatePackage(registry.app, operator, packageRef(repository), { visibility })
    await docker('rmi', image)
    await docker('logout', host)
    assert.match(await home.refuse('docker', 'pull', image), /not found|denied/)
    const wrong = await home.refuse('docker', 'login', '-u', owner.name, '-p', 'wrong', host)
    assert.match(wrong, /unauthorized: the credential is wrong, expired or revoked/)
    await logIn()
    await docker('pull', image)
    await docker('logout', host)
    assert.match(await home.refuse('docker', 'push', image), /denied|unauthorized/)
  })

  test('docker shows how to create a namespace that is not there', { skip }, async () => {
    const { image } = await pushNew()
    const nowhere = `${world.host}/nowhere/app:v1`
    await docker('tag', image, nowhere)
    const refused = await world.home.refuse('docker', 'push', nowhere)
    assert.match(refused, /denied: namespace nowhere does not exist/)
    assert.match(refused, /entrepot namespace create nowhere/)
  })

  test('docker puts a manifest list together', { skip }, async () => {
    const { repository, image } = await pushNew()
    const list = `${world.host}/${repository}:all`
    await docker('manifest', 'create', '--insecure', list, image)
    await docker('manifest', 'annotate', '--arch', 'arm64', '--os', 'linux', list, image)
    const digest = (await docker('manifest', 'push', '--insecure', list)).trim()
    const answer = await world.client.get(`/v2/${repository}/manifests/all`)
    assert.equal(digestOf(answer.bytes), digest)
    assert.equal(answer.headers.get('content-type'), mediaTypes.dockerList)
    const inspected = await docker('manifest', 'inspect', '--insecure', list)
    assert.equal(JSON.parse(inspected).manifests[0].platform.architecture, 'arm64')
  })

  test('containerd pulls, and pushes to another repository', { skip }, async () => {
    const { host, owner } = world
    const { image, digest } = await pushNew()
    const pull = ['images', 'pull', '--plain-http', '--snapshotter', 'native']
    await ctr(...pull, image)
    assert.match(await ctr('images', 'list'), new RegExp(digest))
    const target = world.newRepository()
    const user = ['--user', `${owner.name}:${owner.secret}`]
    const copy = `${host}/${target}:v1`
    await ctr('images', 'push', '--plain-http', ...user, copy, image)
    const answer = await world.client.head(`/v2/${target}/manifests/v1`)
    assert.equal(answer.headers.get('docker-content-digest'), digest)
    const updated = { visibility: 'private' } as const
    await updatePackage(world.registry.app, operator, packageRef(target), updated)
    await world.home.refuse('ctr', '--namespace', 'test', ...pull, copy)
    await ctr(...pull, ...user, copy)
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import { grenBundle, grenRelease, minorVersions } from '#test/git-world.ts'
import { GrenClient } from '#test/gren-client.ts'
import { newUser, type ServedRegistry, serveTestApp } from '#test/served.ts'

const ON_CORE = { 'gren-lang/core': '7.0.0 <= v < 8.0.0' }
/** What `gren init` writes down without being asked. */
const INITIAL = ['gren-lang/browser', 'gren-lang/core']

let registry: ServedRegistry
let owner: Awaited<ReturnType<typeof newUser>>
const clients: GrenClient[] = []

before(async () => {
  registry = await serveTestApp()
  owner = await newUser(registry.app, 'ann', { namespaces: ['acme', 'gren-lang'] })
  for (const major of ['1', '2', '3', '4', '5', '6', '7']) {
    await publish('gren-lang/core', [`${major}.0.0`])
  }
  await publish('gren-lang/core', ['7.1.0'])
  for (const major of ['1', '2', '3', '4', '5', '6']) {
    await publish('gren-lang/browser', [`${major}.0.0`], { dependencies: ON_CORE })
  }
})
after(async () => {
  for (const client of clients) await client.close()
  await registry.stop()
})

/** Publishes over HTTP, as a publisher does. */
async function publish(
  name: string,
  versions: readonly string[],
  more: { dependencies?: Record<string, string>; isPrivate?: boolean } = {},
): Promise<void> {
  for (const version of versions) {
    const release = grenRelease(name, version, more.dependencies)
    const outline = { ...release.outline, ...(more.isPrivate && { private: true }) }
    const answer = await fetch(`${registry.url}/gren/package/${name}/${version}`, {
      method: 'PUT',
      body: new Uint8Array(grenBundle({ ...release, outline })),
      headers: { authorization: `Bearer ${owner.secret}`, 'content-type': 'application/gzip' },
    })
    assert.equal(answer.status, 201, await answer.text())
  }
}

/** A client with a new project. */
async function openProject(settings: Record<string, string> = {}): Promise<GrenClient> {
  const client = await GrenClient.open(registry.url, settings)
  clients.push(client)
  const { status, said } = await client.run('init')
  assert.equal(status, 0, said)
  return client
}

async function succeed(client: GrenClient, ...args: string[]): Promise<string> {
  const { status, said } = await client.run(...args)
  assert.equal(status, 0, said)
  return said
}

async function fail(client: GrenClient, ...args: string[]): Promise<string> {
  const { status, said } = await client.run(...args)
  assert.notEqual(status, 0, said)
  return said
}

describe('the released Gren client', () => {
  for (const count of [1, 60, 200]) {
    test(`init, install, outdated, install again: ${count} versions`, async () => {
      const name = `acme/has-${count}`
      await publish(name, minorVersions(count), { dependencies: ON_CORE })
      const client = await openProject()
      await succeed(client, 'package', 'install', name)
      const { direct } = (await client.readOutline()).dependencies
      assert.deepEqual(Object.keys(direct).sort(), [name, ...INITIAL])
      assert.deepEqual(direct[name], `1.${count - 1}.0`)
      assert.match(await succeed(client, 'package', 'outdated'), /up to date/)
      const bundles = await client.listBundles()
      assert.equal(bundles.length, 3)
      await client.forget()
      await succeed(client, 'package', 'install')
      assert.deepEqual(await client.listBundles(), bundles)
      await publish(name, ['2.0.0'], { dependencies: ON_CORE })
      assert.match(await succeed(client, 'package', 'outdated'), /2\.0\.0/)
    })
  }

  test('a version far behind the newest sixty is installed', async () => {
    const name = 'acme/old'
    await publish(name, minorVersions(100), { dependencies: ON_CORE })
    const client = await openProject()
    await succeed(client, 'package', 'install', name)
    const outline = await client.readOutline()
    outline.dependencies.direct[name] = '1.3.0'
    await client.writeOutline(outline)
    await client.forget()
    await succeed(client, 'package', 'install')
    assert.ok((await client.listBundles()).includes('acme_old__1_3_0.pkg.gz'))
  })

  test('a revoked version is not installed any more, nor offered', async () => {
    const name = 'acme/taken-back'
    await publish(name, ['1.0.0', '1.1.0'], { dependencies: ON_CORE })
    const client = await openProject()
    await succeed(client, 'package', 'install', name)
    const answer = await fetch(`${registry.url}/gren/package/${name}/1.1.0`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${owner.secret}` },
    })
    assert.equal(answer.status, 200, await answer.text())
    // What is there stays there; from nothing it cannot be had again.
    await succeed(client, 'package', 'install')
    await client.forget()
    await fail(client, 'package', 'install')
    const other = await openProject()
    await succeed(other, 'package', 'install', name)
    assert.equal((await other.readOutline()).dependencies.direct[name], '1.0.0')
  })

  test('a private package takes a credential', async () => {
    const name = 'acme/secret'
    await publish(name, ['1.0.0'], { dependencies: ON_CORE, isPrivate: true })
    const stranger = await openProject()
    const said = await fail(stranger, 'package', 'install', name)
    assert.ok(!said.includes('1.0.0'), said)
    const member = await openProject({
      [`http.${registry.url}/.extraHeader`]: `Authorization: Bearer ${owner.secret}`,
    })
    await succeed(member, 'package', 'install', name)
    assert.ok((await member.listBundles()).includes('acme_secret__1_0_0.pkg.gz'))
    const byUrl = registry.url.replace('://', `://ann:${owner.secret}@`)
    const withUrl = await GrenClient.open(byUrl)
    clients.push(withUrl)
    await succeed(withUrl, 'init')
    await succeed(withUrl, 'package', 'install', name)
  })
})

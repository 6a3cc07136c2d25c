import assert from 'node:assert/strict'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { createToken } from '#core/tokens/create-token.ts'
import type { TokenLimits } from '#core/tokens/narrow-token.ts'
import { revokeToken } from '#core/tokens/revoke-token.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { operator } from '#test/app.ts'
import { type ClientWorld, openClientWorld } from '#test/client-world.ts'
import { ClientHome, missing } from '#test/clients.ts'
import { addImage, makeLayout } from '#test/image-layouts.ts'
import { newUser } from '#test/served.ts'
import { packageRef } from './name.ts'

const skip = missing('skopeo', 'umoci')

describe('oci with skopeo: who may', () => {
  let world: ClientWorld
  let layout = ''
  before(async () => {
    world = await openClientWorld()
    if (skip) return
    layout = await makeLayout(world.home)
    await addImage(world.home, layout, 'v1', { fileSizes: [2000] })
  })
  after(() => world.close())

  /** Pushes the image to a new repository of the owner's. */
  async function pushNew(visibility: 'public' | 'private'): Promise<string> {
    const repository = world.newRepository()
    await push(world.home, repository)
    await updatePackage(world.registry.app, operator, packageRef(repository), { visibility })
    return repository
  }

  function push(home: ClientHome, repository: string): Promise<string> {
    return home.run('skopeo', 'copy', `oci:${layout}:v1`, world.at(repository, ':v1'))
  }

  function refusePush(home: ClientHome, repository: string): Promise<string> {
    return home.refuse('skopeo', 'copy', `oci:${layout}:v1`, world.at(repository, ':v1'))
  }

  function pull(home: ClientHome, repository: string): Promise<string> {
    return home.run('skopeo', 'copy', world.at(repository, ':v1'), `dir:${home.path('pulled')}`)
  }

  function refusePull(home: ClientHome, repository: string): Promise<string> {
    return home.refuse('skopeo', 'copy', world.at(repository, ':v1'), `dir:${home.path('no')}`)
  }

  /** Runs with a home that is logged in as this user; nobody unless given. */
  async function withHome(
    user: { name: string; secret: string } | undefined,
    work: (home: ClientHome) => Promise<void>,
  ): Promise<void> {
    const home = await ClientHome.open(world.host)
    try {
      if (user) await home.logIn(world.host, user)
      await work(home)
    } finally {
      await home.close()
    }
  }

  /** Another token of the owner's, with limits. */
  async function limited(limits: TokenLimits) {
    const { name } = world.owner
    const asked = { name: 'limited', ...limits }
    return { name, ...(await createToken(world.registry.app, operator, { user: name }, asked)) }
  }

  test('a private repository: refused, wrong password, login, pull, push, logout', {
    skip,
  }, async () => {
    const { host, owner } = world
    const repository = await pushNew('private')
    await withHome(undefined, async (home) => {
      assert.match(await refusePull(home, repository), /name unknown|unauthorized/)
      const wrong = await home.refuse('skopeo', 'login', '-u', owner.name, '-p', 'wrong', host)
      assert.match(wrong, /invalid username\/password/)
      assert.ok(!(await home.readLogins()).includes(host), 'the wrong password is remembered')
      const said = await home.run('skopeo', 'login', '-u', owner.name, '-p', owner.secret, host)
      assert.match(said, /Login Succeeded/)
      assert.ok((await home.readLogins()).includes(host))
      await pull(home, repository)
      await push(home, repository)
      await home.run('skopeo', 'logout', host)
      await refusePull(home, repository)
      await refusePush(home, repository)
    })
  })

  test('a wrong password is refused where nobody would need one, too', { skip }, async () => {
    const repository = await pushNew('public')
    await withHome({ name: 'ann', secret: `${world.owner.secret}x` }, async (home) => {
      for (const refused of [
        await refusePull(home, repository),
        await refusePush(home, repository),
      ]) {
        assert.match(refused, /invalid username\/password/)
        assert.match(refused, /the credential is wrong, expired or revoked/)
      }
    })
  })

  test('a stranger cannot tell a private repository from none', { skip }, async () => {
    const hidden = await pushNew('private')
    const none = world.newRepository()
    const stranger = await newUser(world.registry.app, 'bob', { namespaces: ['bobs'] })
    for (const user of [stranger, undefined]) {
      await withHome(user, async (home) => {
        // Without the time of the log line.
        const told = async (name: string) =>
          (await refusePull(home, name)).replaceAll(name, 'NAME').replace(/time="[^"]*"/, '')
        assert.equal(await told(hidden), await told(none))
      })
    }
    await withHome(stranger, async (home) => {
      assert.match(await refusePush(home, hidden), /denied/)
      await push(home, `bobs/${hidden.slice(5)}`)
    })
  })

  test('anybody pulls what is public; pushing takes a login', { skip }, async () => {
    const repository = await pushNew('public')
    await pull(world.anonymous, repository)
    assert.match(await refusePush(world.anonymous, repository), /unauthorized/)
    assert.match(await refusePush(world.anonymous, world.newRepository()), /unauthorized/)
  })

  test('a token for one namespace is no good in another', { skip }, async () => {
    const hidden = await pushNew('private')
    const open = await pushNew('public')
    const { id } = await getNamespace(world.registry.app.database.db, 'annex')
    const token = await limited({ scopes: ['read', 'publish', 'admin'], onlyNamespaces: [id] })
    await withHome(token, async (home) => {
      await refusePull(home, hidden)
      await pull(home, open)
      for (const name of [hidden, open, world.newRepository()]) {
        assert.match(await refusePush(home, name), /denied/)
      }
      await push(home, `annex/${open.slice(5)}`)
      await pull(home, `annex/${open.slice(5)}`)
    })
  })

  test('a token to read pulls what is private and pushes nothing', { skip }, async () => {
    const repository = await pushNew('private')
    await withHome(await limited({ scopes: ['read'] }), async (home) => {
      await pull(home, repository)
      assert.match(await refusePush(home, repository), /denied/)
      assert.match(await refusePush(home, world.newRepository()), /denied/)
    })
  })

  test('to delete takes a token with the scope admin', { skip }, async () => {
    const repository = await pushNew('public')
    const image = world.at(repository, ':v1')
    await withHome(await limited({ scopes: ['read', 'publish'] }), async (home) => {
      await push(home, repository)
      await home.refuse('skopeo', 'delete', image)
      await pull(home, repository)
    })
    await withHome(await limited({ scopes: ['read', 'admin'] }), async (home) => {
      await home.run('skopeo', 'delete', image)
      assert.match(await refusePull(home, repository), /manifest unknown/)
    })
  })

  test('a revoked token is refused at once', { skip }, async () => {
    const repository = await pushNew('private')
    const token = await limited({ scopes: ['read'] })
    await withHome(token, async (home) => {
      await pull(home, repository)
      await revokeToken(world.registry.app, operator, token.token.id)
      assert.match(await refusePull(home, repository), /invalid username\/password/)
    })
  })

  test('a push into no namespace says how to create it', { skip }, async () => {
    const refused = await refusePush(world.home, 'nowhere/app')
    assert.match(refused, /namespace nowhere does not exist/)
    assert.match(refused, /entrepot namespace create nowhere --owner/)
  })
})

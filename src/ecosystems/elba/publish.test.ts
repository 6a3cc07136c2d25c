import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '#core/blobs/digest.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import { removeMember } from '#core/namespaces/members/remove-member.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential } from '#test/actors.ts'
import { operator } from '#test/app.ts'
import {
  type ElbaDraft,
  type ElbaWorld,
  elbaManifest,
  openElbaWorld,
  packElba,
  tagOf,
} from '#test/elba-world.ts'
import { archiveOf, noise, rawEntry } from '#test/raw-tar.ts'

/** 2 MiB of text that does not pack too well. */
const LONG = Buffer.from(noise(1024 * 1024)).toString('hex')

describe('elba publish', () => {
  let w: ElbaWorld
  const json: ElbaDraft = {
    name: 'acme/json',
    version: '1.0.0',
    about: 'license = "MIT"\nkeywords = ["json"]',
    files: { 'README.md': '# json\n' },
  }
  before(async () => {
    w = await openElbaWorld()
    assert.equal((await w.publish(json)).status, 200)
  })
  after(() => w.t.close())

  const put = (path: string, body: Uint8Array | string | FormData, as = w.ann) =>
    w.elba('PUT', `${path}?token=${as.secret}`, { body })
  const send = (name: string, version: string, archive: Uint8Array) =>
    put(`/packages/${name}/${version}/publish`, archive)
  const readmeOf = async (name: string, version = '1.0.0') => {
    const { status, bytes } = await w.elba('GET', `/packages/${name}/${version}/readme`)
    return status === 200 ? new TextDecoder().decode(bytes) : undefined
  }
  const saying = ({ body }: { body: unknown }) => (body as { description: string }).description

  test('a release is its archive, with manifest and readme beside it', async () => {
    const { app } = w.t
    const files = await app.database.db
      .selectFrom('releaseFiles')
      .select(['role', 'mediaType', 'digest'])
      .orderBy('position')
      .execute()
    assert.deepEqual(files, [
      { role: 'archive', mediaType: 'application/gzip', digest: digestOf(packElba(json)) },
      {
        role: 'manifest',
        mediaType: 'application/toml',
        digest: digestOf(Buffer.from(elbaManifest(json))),
      },
      { role: 'readme', mediaType: 'text/markdown', digest: digestOf(Buffer.from('# json\n')) },
    ])
    const logged = await app.database.db
      .selectFrom('logEntries')
      .select(['event', 'ecosystem', 'name', 'version', 'digest'])
      .executeTakeFirstOrThrow()
    assert.deepEqual(logged, {
      event: 'publish',
      ecosystem: 'elba',
      name: 'acme/json',
      version: '1.0.0',
      digest: digestOf(packElba(json)),
    })
    const audit = await app.database.db
      .selectFrom('audit')
      .select(['actor', 'action'])
      .where('subject', '=', 'package:elba:acme/json')
      .orderBy('id')
      .execute()
    assert.deepEqual(
      audit.map(({ actor, action }) => `${actor} ${action}`),
      ['user:ann package.create', 'user:ann owner.add', 'user:ann release.publish'],
    )
  })

  test('by the path of the document, where the manifest says what it is', async () => {
    const draft = { name: 'Acme/Seed_Path', version: '0.1.0' }
    const { status, body } = await put('/publish', packElba(draft))
    assert.deepEqual([status, body], [200, {}])
    const again = await put('/publish', packElba(draft))
    assert.deepEqual(tagOf(again), [409, 'no_permission'])
    const yanked = await w.elba(
      'PATCH',
      `/acme/seed-path/0.1.0/yank?yanked=true&token=${w.ann.secret}`,
    )
    assert.deepEqual([yanked.status, yanked.body], [200, {}])
    const own = await w.elba('PUT', '/publish', { as: w.sam, body: packElba(draft) })
    assert.deepEqual(tagOf(own), [403, 'no_permission'])
    const nobody = await w.elba('PUT', '/publish', { body: packElba(draft) })
    assert.deepEqual(tagOf(nobody), [401, 'no_permission'])
  })

  test('the token may be a header, and must be good', async () => {
    const draft = { name: 'acme/bearer', version: '1.0.0' }
    const path = '/packages/acme/bearer/1.0.0/publish'
    const body = packElba(draft)
    assert.deepEqual(tagOf(await w.elba('PUT', path, { body })), [401, 'no_permission'])
    const wrong = await w.elba('PUT', `${path}?token=abcdefghijklmnop`, { body })
    assert.deepEqual(tagOf(wrong), [401, 'user_not_found'])
    assert.ok(!JSON.stringify(wrong.body).includes('abcdefghijklmnop'))
    const reading = await credential(w.t.app, { user: 'ann' }, { scopes: ['read'] })
    const reader = await w.elba('PUT', path, { as: reading, body })
    assert.deepEqual(tagOf(reader), [403, 'no_permission'])
    assert.equal((await w.elba('PUT', path, { as: w.ann, body })).status, 200)
  })

  test('the same version never comes again, also not with other build metadata', async () => {
    assert.deepEqual(tagOf(await w.publish(json)), [409, 'no_permission'])
    assert.deepEqual(tagOf(await w.publish({ ...json, files: {} })), [409, 'no_permission'])
    assert.equal((await w.publish({ ...json, version: '1.1.0+a' })).status, 200)
    for (const version of ['1.1.0+b', '1.1.0', '1.1.0+a', '1.0.0+x']) {
      assert.deepEqual(
        tagOf(await w.publish({ ...json, version })),
        [409, 'no_permission'],
        version,
      )
    }
    for (const version of ['1.1.0-rc+a', '1.1.0-rc.1+a', '1.1.1+a', '11.1.0+a']) {
      assert.equal((await w.publish({ ...json, version })).status, 200, version)
    }
  })

  test('manifest and path say the same, in the same spelling', async () => {
    const archive = packElba({ name: 'acme/Same', version: '1.0.0' })
    for (const [name, version, why] of [
      ['acme/other', '1.0.0', 'package.name is acme/Same, and is published as acme/other'],
      ['acme/same', '1.0.0', 'package.name is acme/Same, and is published as acme/same'],
      ['ACME/Same', '1.0.0', 'package.name is acme/Same, and is published as ACME/Same'],
      ['acme/Same', '1.0.1', 'package.version is 1.0.0, and is published as 1.0.1'],
      ['acme/Same', '1.0.0+b', 'package.version is 1.0.0, and is published as 1.0.0+b'],
    ] as const) {
      const refused = await send(name, version, archive)
      assert.deepEqual(tagOf(refused), [400, 'invalid_manifest'], name)
      assert.equal(saying(refused), `elba.toml: ${why}`)
    }
    assert.deepEqual(tagOf(await send('acme/Same', '1.0', archive)), [400, 'invalid_request'])
    assert.deepEqual(tagOf(await send('users/x', '1.0.0', archive)), [400, 'invalid_request'])
    assert.equal((await send('acme/Same', '1.0.0', archive)).status, 200)
    const next = { name: 'Acme/SAME', version: '1.0.1' }
    assert.equal((await w.publish(next)).status, 200)
    const { body } = await w.elba('GET', '/packages/acme/same/versions')
    assert.deepEqual(body, {
      versions: ['1.0.1', '1.0.0'].map((version) => ({ group: 'acme', package: 'Same', version })),
    })
  })

  test('dependencies are there, in whatever spelling', async () => {
    const needing = (name: string) =>
      w.publish({
        name: 'acme/needy',
        version: '1.0.0',
        tables: `[dependencies]\n"${name}" = "1"\n`,
      })
    const missing = await needing('acme/nowhere')
    assert.deepEqual(tagOf(missing), [404, 'dependency_not_found'])
    assert.equal(saying(missing), 'the dependency acme/nowhere is not in this registry')
    assert.equal((await needing('ACME/Json')).status, 200)
    const { body } = await w.elba('GET', '/packages/acme/needy/1.0.0/dependencies')
    assert.deepEqual(body, {
      dependencies: [{ group: 'acme', package: 'json', version_req: '>=1.0.0 <2.0.0' }],
    })
  })

  test('a bad manifest says what is wrong', async () => {
    for (const [draft, why] of [
      [{ about: 'license = "GPL"' }, 'elba.toml: package.license: "GPL" is no SPDX expression'],
      [{ tables: '[dependency]\n' }, 'elba.toml: the file: "dependency" is not known here'],
      [{ files: { 'elba.toml': undefined } }, "there is no elba.toml at the archive's root"],
      [{ files: { 'elba.toml': '' } }, 'elba.toml: package: '],
      [{ files: { 'elba.toml': '= 1' } }, 'elba.toml: line 1: '],
      [{ files: { 'elba.toml': Buffer.from([0xff, 0xfe]) } }, 'elba.toml: it is not UTF-8'],
    ] as const) {
      const refused = await w.publish({ name: 'acme/bad', version: '1.0.0', ...draft })
      assert.deepEqual(tagOf(refused), [400, 'invalid_manifest'], why)
      assert.ok(saying(refused).startsWith(why), saying(refused))
    }
    const inFolder = archiveOf(
      rawEntry({
        name: 'json/elba.toml',
        body: elbaManifest({ name: 'acme/bad', version: '1.0.0' }),
      }),
    )
    assert.deepEqual(tagOf(await send('acme/bad', '1.0.0', inFolder)), [400, 'invalid_manifest'])
    const found = await w.elba('GET', '/packages/acme/bad/metadata')
    assert.equal(found.status, 404)
  })

  test('the manifest may be spelled Elba.TOML', async () => {
    const draft = { name: 'acme/cased', version: '1.0.0' }
    const files = { 'elba.toml': undefined, 'Elba.TOML': elbaManifest(draft) }
    assert.equal((await w.publish({ ...draft, files })).status, 200)
  })

  for (const [label, files, about, found] of [
    ['README.md', { 'README.md': 'a' }, '', 'a'],
    ['whatever its case and ending', { 'readme.TXT': 'a' }, '', 'a'],
    ['without an ending', { Readme: 'a' }, '', 'a'],
    [
      'the one that is named',
      { 'README.md': 'a', 'docs/intro.md': 'b' },
      'readme = "./docs/intro.md"',
      'b',
    ],
    ['one with a name of its own', { INTRO: 'b' }, 'readme = "INTRO"', 'b'],
    ['the usual one, when the named one is missing', { 'README.md': 'a' }, 'readme = "x.md"', 'a'],
    ['only at the root', { 'docs/README.md': 'a' }, '', undefined],
    ['not one of another name', { 'README-de.md': 'a', 'MYREADME.md': 'b' }, '', undefined],
    ['not one of more than 2 MiB', { 'README.md': `${LONG}x` }, '', undefined],
    ['one of 2 MiB', { 'README.md': LONG }, '', LONG],
    ['an empty one', { 'README.md': '' }, '', ''],
  ] as const) {
    test(`the readme: ${label}`, async () => {
      const name = `acme/readme-${label.replaceAll(/[^a-z0-9]+/gi, '-')}x`
      const made = await w.publish({ name, version: '1.0.0', about, files })
      assert.equal(made.status, 200, JSON.stringify(made.body))
      assert.equal((await readmeOf(name)) === found, true)
    })
  }

  test('a readme that is no text is refused', async () => {
    const files = { 'README.md': Buffer.from([0xff, 0xfe, 0x00]) }
    const refused = await w.publish({ name: 'acme/binary', version: '1.0.0', files })
    assert.deepEqual(tagOf(refused), [400, 'invalid_format'])
    assert.match(saying(refused), /^README\.md: .*\[utf8\]$/)
  })

  test('first publish into a free group makes it yours; others may not', async () => {
    const draft = { name: 'Sams_Group/tool', version: '1.0.0' }
    assert.equal((await w.publish(draft, w.sam)).status, 200)
    const other = await w.publish({ name: 'sams-group/other', version: '1.0.0' }, w.ann)
    assert.deepEqual(tagOf(other), [403, 'no_permission'])
    const next = await w.publish({ ...draft, version: '1.0.1' }, w.ann)
    assert.deepEqual(tagOf(next), [403, 'no_permission'])
    const foreign = await w.publish({ name: 'acme/sams', version: '1.0.0' }, w.sam)
    assert.deepEqual(tagOf(foreign), [403, 'no_permission'])
    const reserved = await w.publish({ name: 'elba/tool', version: '1.0.0' }, w.sam)
    assert.deepEqual(tagOf(reserved), [400, 'invalid_request'])
  })

  test('who makes a package owns it, also when they leave the group', async () => {
    const { app } = w.t
    const draft = { name: 'acme/pats', version: '1.0.0' }
    assert.equal((await w.publish(draft, w.pat)).status, 200)
    assert.equal((await w.publish({ ...draft, version: '1.0.1' }, w.ann)).status, 200)
    await removeMember(app, operator, 'acme', 'pat')
    assert.equal((await w.publish({ ...draft, version: '1.0.2' }, w.pat)).status, 200)
    const other = await w.publish({ name: 'acme/json', version: '7.0.0' }, w.pat)
    assert.deepEqual(tagOf(other), [403, 'no_permission'])
    const { body } = await w.elba('GET', '/packages/acme/pats/owners')
    assert.deepEqual(
      (body as { owners: { name: string }[] }).owners.map(({ name }) => name),
      ['pat'],
    )
    await addMember(app, operator, 'acme', { user: 'pat', role: 'publisher' })
  })

  test('owners come and go, and every answer tells it', async () => {
    const owners = async () => {
      const { body } = await w.elba('GET', '/packages/acme/json/1.0.0/metadata')
      const { version } = body as { version: { owners: { name: string }[] } }
      return version.owners.map(({ name }) => name)
    }
    const at = '/packages/acme/json/owners'
    assert.deepEqual(await owners(), ['ann'])
    const added = await w.elba('PUT', `${at}?user=sam&token=${w.ann.secret}`)
    assert.deepEqual([added.status, added.body], [200, {}])
    assert.deepEqual(await owners(), ['ann', 'sam'])
    assert.equal((await w.publish({ ...json, version: '3.0.0' }, w.sam)).status, 200)
    const more = await w.elba('PUT', at, { as: w.sam, body: { user: 'pat' } })
    assert.deepEqual(tagOf(more), [403, 'no_permission'])
    const gone = await w.elba('DELETE', at, { as: w.ann, body: { user: 'sam' } })
    assert.deepEqual([gone.status, gone.body], [200, {}])
    assert.deepEqual(await owners(), ['ann'])
    assert.deepEqual(tagOf(await w.publish({ ...json, version: '3.0.1' }, w.sam)), [
      403,
      'no_permission',
    ])
    const nobody = await w.elba('PUT', `${at}?user=nobody`, { as: w.ann })
    assert.deepEqual(tagOf(nobody), [404, 'user_not_found'])
    assert.deepEqual(tagOf(await w.elba('PUT', at, { as: w.ann })), [400, 'invalid_request'])
    const stranger = await w.elba('PUT', `${at}?user=sam`)
    assert.deepEqual(tagOf(stranger), [401, 'no_permission'])
  })

  test('yanking takes a token, a known version and a yes or no', async () => {
    const at = '/packages/acme/json/1.0.0/yank'
    const token = `token=${w.ann.secret}`
    for (const [path, expected] of [
      [`${at}?yanked=true`, [401, 'no_permission']],
      [`${at}?yanked=true&token=${w.sam.secret}`, [403, 'no_permission']],
      [`${at}?yanked=true&token=nonsense`, [401, 'user_not_found']],
      [`${at}?${token}`, [400, 'invalid_request']],
      [`${at}?yanked=yes&${token}`, [400, 'invalid_request']],
      [`${at}?yanked=false&${token}`, [409, 'no_permission']],
      [`/packages/acme/json/9.9.9/yank?yanked=true&${token}`, [404, 'package_not_found']],
      [`/packages/acme/nope/1.0.0/yank?yanked=true&${token}`, [404, 'package_not_found']],
      [`/packages/json/1.0.0/yank?yanked=true&${token}`, [400, 'invalid_request']],
    ] as const) {
      assert.deepEqual(tagOf(await w.elba('PATCH', path)), expected, path.replace(token, ''))
    }
  })

  test('paths of more than 100 bytes, as GNU tar packs them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'entrepot-elba-'))
    const deep = join(folder, 'src', ...Array.from({ length: 12 }, (_, at) => `deep-module-${at}`))
    await mkdir(deep, { recursive: true })
    await writeFile(join(deep, 'Main.idr'), 'module Main\n')
    const long = { name: 'acme/long', version: '1.0.0' }
    await writeFile(join(folder, 'elba.toml'), elbaManifest(long))
    // With ./ in front, and without.
    for (const [at, what] of [['.'], ['elba.toml', 'src']].entries()) {
      const version = `1.0.${at}`
      await writeFile(join(folder, 'elba.toml'), elbaManifest({ ...long, version }))
      const flags = ['--format=gnu', '-cz', '-C', folder]
      const archive = execFileSync('tar', [...flags, ...what])
      const answer = await send('acme/long', version, archive)
      assert.equal(answer.status, 200, saying(answer))
    }
    await rm(folder, { recursive: true })
  })
})

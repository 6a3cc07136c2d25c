import assert from 'node:assert/strict'
import { packArchive } from '#core/archives/pack-archive.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential } from '#test/actors.ts'
import { operator } from '#test/app.ts'
import { hostileArchives } from '#test/hostile-archives.ts'
import { mutatedArchive } from '#test/mutated-archive.ts'
import { type Draft, formOf, lockOf, type OriWorld, openOriWorld, pack } from '#test/ori-world.ts'

const codeOf = ({ status, body }: { status: number; body: unknown }) => [
  status,
  (body as { error?: { code?: string } }).error?.code,
]
const problemsOf = ({ body }: { body: unknown }) => {
  const { error } = body as { error: { details?: Array<{ file: string; rule: string }> } }
  return error.details?.map(({ file, rule }) => `${file}: ${rule}`)
}

describe('ori publish', () => {
  let w: OriWorld
  const json: Draft = {
    name: '@acme/json',
    version: '1.0.0',
    project: 'license = "MIT"\nkeywords = ["json"]',
    tables: '[features]\ndefault = ["fast"]\nfast = []\n',
    files: { 'README.md': '# json\n' },
  }
  before(async () => {
    w = await openOriWorld()
    const made = await w.publish(json)
    assert.equal(made.status, 201, JSON.stringify(made.body))
  })
  after(() => w.t.close())

  test('a release is its archive, with manifest and readme beside it', async () => {
    const { app } = w.t
    const files = await app.database.db
      .selectFrom('releaseFiles')
      .innerJoin('releases', 'releases.id', 'releaseFiles.releaseId')
      .select(['releaseFiles.role', 'releaseFiles.mediaType', 'releaseFiles.digest'])
      .where('releases.version', '=', '1.0.0')
      .orderBy('position')
      .execute()
    assert.deepEqual(
      files.map(({ role, mediaType }) => [role, mediaType]),
      [
        ['archive', 'application/vnd.ori.oripk'],
        ['manifest', 'application/toml'],
        ['readme', 'text/markdown'],
      ],
    )
    assert.equal(files[0]?.digest, digestOf(pack(json)))
    assert.equal(files[2]?.digest, digestOf(Buffer.from('# json\n')))
    const audit = await app.database.db
      .selectFrom('audit')
      .select(['actor', 'subject', 'detail'])
      .where('action', '=', 'release.publish')
      .orderBy('id')
      .executeTakeFirstOrThrow()
    assert.deepEqual(
      { ...audit, detail: JSON.parse(audit.detail) },
      {
        actor: 'user:ann',
        subject: 'package:ori:@acme/json',
        detail: { version: '1.0.0', digest: digestOf(pack(json)), tags: [] },
      },
    )
    const logged = await app.database.db
      .selectFrom('logEntries')
      .select(['event', 'name', 'version', 'digest'])
      .executeTakeFirstOrThrow()
    const digest = digestOf(pack(json))
    assert.deepEqual(logged, { event: 'publish', name: '@acme/json', version: '1.0.0', digest })
  })

  test('the answer tells name, version, checksum, place in the log and warnings', async () => {
    const draft = { name: '@acme/answer', version: '1.0.0', project: 'home = "x"' }
    const { status, body } = await w.publish(draft)
    const { log, ...rest } = body as { log: { index: null; leaf_hash: string } }
    assert.equal(status, 201)
    assert.deepEqual(rest, {
      name: '@acme/answer',
      version: '1.0.0',
      checksum: digestOf(pack(draft)),
      warnings: ['oripk.toml: project.home is not known and ignored'],
    })
    assert.equal(log.index, null)
    assert.match(log.leaf_hash, /^[A-Za-z0-9+/]{43}=$/)
  })

  test('the same version never comes again, with the same bytes or others', async () => {
    assert.deepEqual(codeOf(await w.publish(json)), [409, 'version_exists'])
    const other = { ...json, files: { 'src/more.ori': 'x' } }
    assert.deepEqual(codeOf(await w.publish(other)), [409, 'version_exists'])
  })

  test('parts are also called package and file, and the checksum may be sent along', async () => {
    const path = '/packages/%40acme/parts/publish'
    for (const [version, name] of [
      ['1.0.0', 'package'],
      ['1.0.1', 'file'],
    ] as const) {
      const archive = pack({ name: '@acme/parts', version })
      const form = new FormData()
      form.set(name, new Blob([archive as Uint8Array<ArrayBuffer>]), 'x')
      form.set('checksum', digestOf(archive))
      form.set('comment', 'ignored')
      assert.equal((await w.ori('POST', path, { as: w.ann, body: form })).status, 201)
    }
    const archive = pack({ name: '@acme/parts', version: '1.0.2' })
    const wrong = formOf(archive, { checksum: digestOf(Buffer.from('x')) })
    const refused = await w.ori('POST', path, { as: w.ann, body: wrong })
    assert.deepEqual(problemsOf(refused), ['the archive: checksum_mismatch'])
    const none = formOf(archive, { checksum: 'abc' })
    const malformed = await w.ori('POST', path, { as: w.ann, body: none })
    assert.deepEqual(codeOf(malformed), [400, 'digest_invalid'])
  })

  test('a top folder that is called like the package is left out', async () => {
    const inner = (version: string, folder: string) => {
      const manifest = Buffer.from(
        `[project]\nname = "@acme/folder"\nversion = "${version}"\nori = "0.5.0"\ndescription = "x"\n`,
      )
      const source = Buffer.from('x')
      const checksums = `${digestOf(manifest)}  oripk.toml\n${digestOf(source)}  src/lib.ori\n`
      return packArchive([
        { path: `${folder}/oripk.toml`, bytes: manifest },
        { path: `${folder}/src/lib.ori`, bytes: source },
        { path: `${folder}/CHECKSUM`, bytes: Buffer.from(checksums) },
      ])
    }
    const path = '/packages/acme/folder/publish'
    const send = (archive: Uint8Array) => w.ori('POST', path, { as: w.ann, body: formOf(archive) })
    const good = await send(inner('1.0.0', 'acme-folder-1.0.0'))
    assert.equal(good.status, 201, JSON.stringify(good.body))
    const other = await send(inner('1.0.1', 'acme-folder-1.0.0'))
    assert.deepEqual(problemsOf(other), ['oripk.toml: top_folder'])
    const foreign = await send(inner('1.0.2', 'package'))
    assert.deepEqual(problemsOf(foreign)?.slice(0, 2), [
      'the archive: file_missing',
      'the archive: file_missing',
    ])
  })

  describe('leaves nothing behind when it is refused', () => {
    const base = { name: '@acme/bad', version: '1.0.0' }
    const lock = lockOf(json)
    const zero = `sha256:${'0'.repeat(64)}`
    const cases: ReadonlyArray<readonly [string, Draft, readonly string[]]> = [
      [
        'no source',
        { ...base, files: { 'src/lib.ori': undefined } },
        ['the archive: file_missing', 'oripk.toml: entry_missing'],
      ],
      [
        'no manifest',
        { ...base, files: { 'oripk.toml': undefined } },
        ['the archive: file_missing'],
      ],
      ['a manifest that is no TOML', { ...base, tables: '[' }, ['oripk.toml: syntax']],
      ['scripts', { ...base, tables: '[scripts]\nx = "y"' }, ['oripk.toml: scripts']],
      [
        'an entry that is not there',
        { ...base, tables: '[project.entry]\nmain = "src/go.ori"' },
        ['oripk.toml: entry_missing'],
      ],
      ['no SPDX licence', { ...base, project: 'license = "mine"' }, ['oripk.toml: license']],
      [
        'an unknown dependency',
        { ...base, needs: [{ name: '@acme/nobody', version: '1.0.0', checksum: zero }] },
        ['oripk.toml: dependency_unknown', 'oripk.lock: lock_unknown'],
      ],
      [
        'a version that the dependency does not have',
        { ...base, needs: [{ ...lock, version: '9.0.0' }] },
        ['oripk.toml: dependency_unknown', 'oripk.lock: lock_unknown'],
      ],
      [
        'a lock with another checksum',
        { ...base, needs: [{ ...lock, checksum: zero }] },
        ['oripk.lock: lock_mismatch'],
      ],
      [
        'no lock',
        { ...base, needs: [lock], files: { 'oripk.lock': undefined } },
        ['oripk.lock: lock_incomplete'],
      ],
      [
        'a feature that the dependency does not have',
        {
          ...base,
          tables: '[dependencies."@acme/json"]\nversion = "1.0.0"\nfeatures = ["slow"]',
          files: { 'oripk.lock': `[checksums]\n"@acme/json:1.0.0" = "${lock.checksum}"\n` },
        },
        ['oripk.toml: feature_unknown'],
      ],
      [
        'itself',
        { ...base, needs: [{ name: '@acme/bad', version: '1.0.0', checksum: zero }] },
        ['oripk.toml: dependency_unknown', 'oripk.lock: lock_unknown'],
      ],
    ]
    for (const [label, draft, expected] of cases) {
      test(label, async () => {
        const was = await w.traces()
        const answer = await w.publish(draft)
        assert.deepEqual(codeOf(answer), [422, 'package_invalid'], JSON.stringify(answer.body))
        assert.deepEqual(problemsOf(answer), expected)
        assert.deepEqual(await w.traces(), was)
      })
    }

    const send = async (body: unknown, path = '/packages/acme/bad/publish', headers = {}) => {
      const was = await w.traces()
      const answer = await w.ori('POST', path, { as: w.ann, body, headers })
      assert.deepEqual(await w.traces(), was)
      return answer
    }

    test('a package of another name', async () => {
      const answer = await send(formOf(pack({ name: '@acme/other', version: '1.0.0' })))
      assert.deepEqual(problemsOf(answer), ['oripk.toml: name_mismatch'])
    })

    test('CHECKSUM that does not fit', async () => {
      const manifest = Buffer.from(
        '[project]\nname = "@acme/bad"\nversion = "1.0.0"\nori = "0.5.0"\ndescription = "x"\n',
      )
      const archive = packArchive([
        { path: 'oripk.toml', bytes: manifest },
        { path: 'src/lib.ori', bytes: Buffer.from('x') },
        { path: 'CHECKSUM', bytes: Buffer.from(`${zero}  oripk.toml\n`) },
      ])
      assert.deepEqual(problemsOf(await send(formOf(archive))), [
        'CHECKSUM: checksum_mismatch',
        'CHECKSUM: checksum_unlisted',
      ])
    })

    test('no archive at all', async () => {
      const random = Buffer.alloc(1000, 'x')
      assert.deepEqual(problemsOf(await send(formOf(random))), ['the archive: gzip-header'])
      assert.equal((await send(formOf(Buffer.alloc(0)))).status, 422)
      assert.deepEqual(codeOf(await send(new FormData())), [400, 'invalid_request'])
      assert.deepEqual(codeOf(await send('{}')), [415, 'unsupported_media_type'])
      const type = 'multipart/form-data; boundary=x'
      const raw = (text: string) => send(Buffer.from(text), undefined, { 'content-type': type })
      assert.deepEqual(codeOf(await raw('')), [400, 'invalid_request'])
      assert.deepEqual(codeOf(await raw('--x\r\n\r\n')), [400, 'invalid_request'])
      const open = '--x\r\ncontent-disposition: form-data; name="archive"\r\n\r\n'
      assert.deepEqual(codeOf(await raw(open)), [400, 'invalid_request'])
      assert.deepEqual(codeOf(await raw(`${open}abc`)), [400, 'invalid_request'])
      const twice = `${open}\r\n${open}\r\n--x--`
      assert.equal((await raw(twice)).status, 422)
    })

    test('more than 10,485,760 bytes', async () => {
      const big = Buffer.alloc(10 * 1024 * 1024 + 1, 'x')
      assert.deepEqual(codeOf(await send(formOf(big))), [413, 'too_large'])
    })

    test('hostile archives, each with file and rule', async () => {
      const was = await w.traces()
      for (const { name, make } of hostileArchives) {
        const form = formOf(make())
        const answer = await w.ori('POST', '/packages/acme/bad/publish', { as: w.ann, body: form })
        assert.deepEqual(codeOf(answer), [422, 'package_invalid'], name)
        const { error } = answer.body as { error: { details: Record<string, unknown>[] } }
        for (const { file, rule, message } of error.details) {
          assert.ok(
            typeof file === 'string' && rule && message,
            `${name}: ${JSON.stringify(error)}`,
          )
        }
      }
      assert.deepEqual(await w.traces(), was)
    })

    test('mutated archives: refused, never a failure of ours', async () => {
      const was = await w.traces()
      for (let seed = 0; seed < 60; seed++) {
        const form = formOf(mutatedArchive(seed))
        const { status } = await w.ori('POST', '/packages/acme/bad/publish', {
          as: w.ann,
          body: form,
        })
        assert.equal(status, 422, `seed ${seed}`)
      }
      assert.deepEqual(await w.traces(), was)
    })

    test('names that nobody may have', async () => {
      for (const name of ['acme/test', 'acme/std-json', 'stdlib/json', 'Acme/json', 'acme/a_b']) {
        const answer = await send(formOf(pack(json)), `/packages/${name}/publish`)
        assert.deepEqual(codeOf(answer), [400, 'name_invalid'], name)
      }
    })

    test('those who may not', async () => {
      const was = await w.traces()
      const draft = { name: '@acme/web', version: '1.0.0' }
      const path = '/packages/acme/web/publish'
      const anonymous = await w.ori('POST', path, { body: formOf(pack(draft)) })
      assert.deepEqual(codeOf(anonymous), [401, 'unauthenticated'])
      const wrong = await w.ori('POST', path, {
        body: formOf(pack(draft)),
        headers: { authorization: 'Bearer ep_wrong' },
      })
      assert.deepEqual(codeOf(wrong), [401, 'credential_invalid'])
      assert.deepEqual(codeOf(await w.publish(draft, w.rae)), [403, 'forbidden'])
      assert.deepEqual(codeOf(await w.publish(draft, w.sam)), [403, 'forbidden'])
      const reader = await credential(w.t.app, { user: 'ann' }, { scopes: ['read'] })
      const scopeless = await w.publish(draft, reader)
      assert.deepEqual(codeOf(scopeless), [403, 'scope_missing'])
      assert.match(JSON.stringify(scopeless.body), /publish/)
      // Scopes are a set: admin is not publish.
      const admin = await credential(w.t.app, { user: 'ann' }, { scopes: ['admin', 'read'] })
      assert.deepEqual(codeOf(await w.publish(draft, admin)), [403, 'scope_missing'])
      assert.deepEqual(await w.traces(), was)
    })
  })

  test('a dependency on an earlier version of oneself is a cycle', async () => {
    const b: Draft = { name: '@acme/cycle-b', version: '1.0.0', needs: [lockOf(json)] }
    assert.equal((await w.publish(b)).status, 201)
    const again = { ...json, version: '2.0.0', needs: [lockOf(b), lockOf(json)] }
    const answer = await w.publish({ ...again, needs: [lockOf(b)] })
    assert.deepEqual(problemsOf(answer), ['oripk.toml: dependency_cycle'])
    assert.match(
      JSON.stringify(answer.body),
      /@acme\/json → @acme\/cycle-b:1\.0\.0 → @acme\/json:1\.0\.0/,
    )
  })

  test('yanked and conflicting dependencies are warned of', async () => {
    const old: Draft = { name: '@acme/base', version: '1.0.0' }
    const base: Draft = { name: '@acme/base', version: '2.0.0' }
    const middle: Draft = { name: '@acme/middle', version: '1.0.0', needs: [lockOf(old)] }
    for (const draft of [old, base, middle]) assert.equal((await w.publish(draft)).status, 201)
    const ref = { ecosystem: 'ori', namespace: 'acme', name: 'middle', key: 'middle' }
    await yankRelease(w.t.app, operator, ref, { version: '1.0.0', isYanked: true })
    const needs = [lockOf(middle), lockOf(base)]
    const { status, body } = await w.publish({ name: '@acme/top', version: '1.0.0', needs })
    assert.equal(status, 201)
    assert.deepEqual((body as { warnings: string[] }).warnings, [
      'oripk.toml: @acme/middle:1.0.0 is yanked',
      'oripk.toml: it needs both @acme/base:2.0.0 and @acme/base:1.0.0: see E0901',
    ])
  })

  test('a first publish claims a free scope, and only where the operator lets it', async () => {
    const draft = { name: '@free/first', version: '1.0.0' }
    assert.equal((await w.publish(draft, w.sam)).status, 201)
    assert.equal((await w.publish({ ...draft, version: '1.0.1' }, w.sam)).status, 201)
    assert.deepEqual(codeOf(await w.publish({ ...draft, version: '2.0.0' })), [403, 'forbidden'])
    const roles = await w.t.app.database.db
      .selectFrom('members')
      .innerJoin('namespaces', 'namespaces.id', 'members.namespaceId')
      .innerJoin('users', 'users.id', 'members.userId')
      .select(['users.name', 'members.role'])
      .where('namespaces.key', '=', 'free')
      .execute()
    assert.deepEqual(roles, [{ name: 'sam', role: 'admin' }])
    const closed = await openOriWorld({ claimNamespaces: false })
    const refused = await closed.publish(draft, closed.sam)
    assert.deepEqual(codeOf(refused), [403, 'forbidden'])
    await closed.t.close()
  })

  test('restricted credentials claim nothing; names of the registry are nobody’s', async () => {
    const draft = { name: '@free2/first', version: '1.0.0' }
    const acme = await w.t.app.database.db
      .selectFrom('namespaces')
      .select('id')
      .where('key', '=', 'acme')
      .executeTakeFirstOrThrow()
    const limited = await credential(w.t.app, { user: 'ann' }, { onlyNamespaces: [acme.id] })
    assert.deepEqual(codeOf(await w.publish(draft, limited)), [403, 'forbidden'])
    const own = { name: '@entrepot/first', version: '1.0.0' }
    assert.deepEqual(codeOf(await w.publish(own)), [400, 'name_invalid'])
  })

  test('pre-releases, unless the operator wants none', async () => {
    const draft = { name: '@acme/pre', version: '1.0.0-alpha.1' }
    assert.equal((await w.publish(draft)).status, 201)
    const strict = await openOriWorld({ allowPrereleases: false })
    assert.deepEqual(problemsOf(await strict.publish(draft)), ['oripk.toml: prerelease'])
    await strict.t.close()
  })

  test('dependencies in another registry are not checked, and that is said', async () => {
    const zero = `sha256:${'0'.repeat(64)}`
    const draft: Draft = {
      name: '@acme/outside',
      version: '1.0.0',
      needs: [{ name: '@far/away', version: '1.0.0', checksum: zero }],
      tables: '[registries.far]\nurl = "https://ori.example.com"',
    }
    const { status, body } = await w.publish(draft)
    assert.equal(status, 201, JSON.stringify(body))
    assert.deepEqual((body as { warnings: string[] }).warnings, [
      'oripk.toml: @far/away is in another registry and was not checked',
    ])
  })

  test('a private dependency is nothing to those who may not read it', async () => {
    const secret = { name: '@acme/secret', version: '1.0.0' }
    await w.publish(secret)
    const ref = { ecosystem: 'ori', namespace: 'acme', name: 'secret', key: 'secret' }
    await updatePackage(w.t.app, operator, ref, { visibility: 'private' })
    const needs = [lockOf(secret)]
    const stranger = await w.publish({ name: '@samco/user', version: '1.0.0', needs }, w.sam)
    assert.deepEqual(problemsOf(stranger), [
      'oripk.toml: dependency_unknown',
      'oripk.lock: lock_unknown',
    ])
    const insider = await w.publish({ name: '@acme/user', version: '1.0.0', needs })
    assert.equal(insider.status, 201)
  })

  test('what was stored is consistent', async () => {
    const problems: unknown[] = []
    await verify(w.t.app, { checkBytes: true, onProblem: (one) => problems.push(one) })
    assert.deepEqual(problems, [])
  })
})

import assert from 'node:assert/strict'
import { configurationMarkdown } from '#config/markdown.ts'
import { namedSettings } from '#config/settings.ts'
import type { ConfigSources } from '#config/sources.ts'
import { ConfigError, describeConfig, environment, loadConfig, processSources } from '#config.ts'
import { describe, test } from '#runtime/test.ts'

const SECRET = 'hunter2-hunter2-hunter2'

interface Given {
  readonly env?: ConfigSources['env']
  readonly flags?: ConfigSources['flags']
  readonly toml?: string
  readonly files?: Readonly<Record<string, string>>
}

function sources({ env = {}, flags = {}, toml, files = {} }: Given = {}): ConfigSources {
  const all = new Map(Object.entries(files))
  if (toml !== undefined) all.set('/srv/entrepot.toml', toml)
  const readFile = (path: string) => all.get(path)
  return { env, flags, cwd: '/srv', readFile, ecosystems: ['oci', 'opm'] }
}

const load = (given?: Given) => loadConfig(sources(given))

function problems(given: Given): readonly string[] {
  try {
    load(given)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    for (const problem of error.problems) assert.ok(error.message.includes(problem))
    return error.problems
  }
  return assert.fail('this configuration should have been refused')
}

function shown(given: Given, key: string) {
  return describeConfig(sources(given)).find((row) => row.key === key)
}

test('no setting is required', () => {
  assert.deepEqual(load(), {
    listen: { hostname: '127.0.0.1', port: 7080 },
    dataDir: '/srv/data',
    publicUrl: 'http://127.0.0.1:7080',
    publicUrlIsDerived: true,
    database: { kind: 'sqlite', path: '/srv/data/entrepot.db' },
    blobs: { kind: 'fs', root: '/srv/data/blobs' },
    logLevel: 'info',
    hosts: { oci: [], opm: [] },
    trustedProxies: [],
    cors: { origins: [], maxAgeSeconds: 3600 },
    metricsToken: undefined,
    logSeeds: undefined,
    mail: { transport: undefined, from: 'no-reply@localhost', timeoutSeconds: 20 },
    git: {
      program: 'git',
      searchPath: '/usr/local/bin:/usr/bin:/bin',
      maxProcesses: 16,
      maxSeconds: 600,
    },
    limits: {
      maxManifestBytes: 8 * 2 ** 20,
      maxBlobBytes: 100 * 2 ** 30,
      maxBodyBytes: 2 ** 20,
      maxHeaderBytes: 2 ** 14,
      requestTimeoutSeconds: 30,
      maxConnectionsPerAddress: 1000,
      maxConcurrentUploads: 256,
      shutdownGraceSeconds: 30,
    },
    rates: {
      general: {
        credential: { anonymous: 600, authenticated: 6000 },
        write: { anonymous: 600, authenticated: 6000 },
        read: { anonymous: 0, authenticated: 0 },
      },
      ecosystems: {
        oci: { credential: {}, write: {}, read: {} },
        opm: { credential: {}, write: {}, read: {} },
      },
    },
    gc: { graceSeconds: 86_400, uploadExpirySeconds: 86_400, intervalSeconds: 3600 },
    defaultVisibility: 'public',
    core: {
      publicUrl: 'http://127.0.0.1:7080',
      logOrigin: undefined,
      logWitnesses: [],
      witnessedLogs: [],
      defaultVisibility: 'public',
      claimNamespaces: true,
      allowPrereleases: true,
      maxManifestBytes: 8 * 2 ** 20,
      maxBlobBytes: 100 * 2 ** 30,
      defaultQuotaBytes: undefined,
      defaultQuotaPackages: undefined,
      gcGraceSeconds: 86_400,
      uploadExpirySeconds: 86_400,
      newUsers: 'anybody',
      maxSignInsPerEmail: 10,
      maxSignInsPerAddress: 60,
      signInMailSeconds: 5,
      webhookAllow: [],
      webhookKeys: [],
      docsSites: [],
      indexMirrors: {},
      maxFailedCredentialsPerMinute: 30,
    },
  })
})

describe('precedence', () => {
  const toml = 'listen = "127.0.0.1:1"\n[database]\nurl = "sqlite:in-file.db"'
  const files = { '/run/url': 'sqlite:in-secret.db\n' }
  const env = { ENTREPOT_LISTEN: '127.0.0.1:2', ENTREPOT_DATABASE_URL_FILE: '/run/url' }

  test('flag over environment over file over default', () => {
    const flags = { listen: '127.0.0.1:3', json: true }
    assert.equal(load({ toml, files, env, flags }).listen.port, 3)
    assert.equal(load({ toml, files, env }).listen.port, 2)
    assert.equal(load({ toml }).listen.port, 1)
  })

  test('environment over secret file over file', () => {
    const path = (given: Given) => {
      const { database } = load(given)
      return database.kind === 'sqlite' ? database.path : database.url
    }
    const both = { ...env, ENTREPOT_DATABASE_URL: 'sqlite:in-env.db' }
    assert.equal(path({ toml, files, env: both }), '/srv/in-env.db')
    assert.equal(path({ toml, files, env }), '/srv/in-secret.db')
    assert.equal(path({ toml }), '/srv/in-file.db')
    assert.equal(path({}), '/srv/data/entrepot.db')
  })

  test('an empty variable or file entry counts as not set', () => {
    const given = {
      toml: 'data = ""',
      env: { ENTREPOT_LISTEN: '', ENTREPOT_DATABASE_URL_FILE: '' },
    }
    assert.equal(load({ ...given, toml: `${toml}\n` }).listen.port, 1)
    assert.equal(load(given).dataDir, '/srv/data')
  })

  test('each row of the description says where its value came from', () => {
    const given = { toml, files, env, flags: { logLevel: 'debug', publicUrl: 'https://x.org/' } }
    const from = (key: string) => shown(given, key)?.source
    assert.equal(from('log.level'), '--log-level')
    assert.equal(from('public_url'), '--public-url')
    assert.equal(from('listen'), 'ENTREPOT_LISTEN')
    assert.equal(from('database.url'), 'ENTREPOT_DATABASE_URL_FILE (/run/url)')
    assert.equal(shown({ toml }, 'listen')?.source, '/srv/entrepot.toml')
    assert.deepEqual(shown({}, 'blobs'), {
      key: 'blobs',
      value: './data/blobs',
      source: 'default',
      doc: 'Where the bytes of packages are kept: a directory or file:// URL.',
    })
  })

  test('the file named by flag or environment is read instead of the usual one', () => {
    const named = { '/etc/e.toml': 'listen = "[::1]:4"' }
    const given = { toml, files: named, env: { ENTREPOT_CONFIG: '/etc/e.toml' } }
    assert.deepEqual(load(given).listen, { hostname: '::1', port: 4 })
    assert.equal(load({ ...given, flags: { config: 'entrepot.toml' } }).listen.port, 1)
  })
})

describe('derived values', () => {
  const publicUrls = [
    ['0.0.0.0:80', 'http://localhost'],
    ['[::]:7080', 'http://localhost:7080'],
    ['[::1]:7080', 'http://[::1]:7080'],
    ['registry.lan:8080', 'http://registry.lan:8080'],
    ['127.0.0.1:0', 'http://127.0.0.1:0'],
  ]
  for (const [listen = '', expected] of publicUrls) {
    test(`${listen} is reached at ${expected}`, () => {
      const config = load({ flags: { listen } })
      assert.equal(config.publicUrl, expected)
      assert.equal(config.core.publicUrl, expected)
    })
  }

  test('a given public URL loses its slash and is not derived', () => {
    const config = load({ env: { ENTREPOT_PUBLIC_URL: 'HTTPS://Registry.example.org:443/' } })
    assert.equal(config.publicUrl, 'https://registry.example.org')
    assert.equal(config.publicUrlIsDerived, false)
  })

  test('database and blobs follow the data directory', () => {
    const config = load({ flags: { data: '/var/lib/entrepot' } })
    assert.deepEqual(config.database, { kind: 'sqlite', path: '/var/lib/entrepot/entrepot.db' })
    assert.deepEqual(config.blobs, { kind: 'fs', root: '/var/lib/entrepot/blobs' })
  })

  test('a wrong setting is reported once, not again by what is derived of it', () => {
    assert.equal(problems({ flags: { listen: 'nowhere' } }).length, 1)
  })
})

test('every setting of the file arrives', () => {
  const config = load({
    toml: `
default_visibility = "public"
trusted_proxies = ["127.0.0.1", "fd00::/8"]
blobs = "file:///var/my%20blobs"
[database]
url = "postgres://me:p%40ss@db:5432/registry?sslmode=require"
pool_size = 25
[hosts]
oci = ["Registry.example.org", "oci.example.org"]
opm = "opm.example.org"
[cors]
origins = ["https://pages.example.org"]
[limits]
max_body = 4096
max_blob = "1.5 GiB"
[quotas]
max_storage = "10 GB"
[gc]
interval = "0s"
[rates.read]
anonymous = 1000
[rates.oci.read]
anonymous = 0
`,
  })
  assert.equal(config.core.defaultVisibility, 'public')
  assert.deepEqual(config.trustedProxies, ['127.0.0.1', 'fd00::/8'])
  assert.equal(config.blobs.root, '/var/my blobs')
  const url = 'postgres://me:p%40ss@db:5432/registry?sslmode=require'
  assert.deepEqual(config.database, { kind: 'postgres', url, poolSize: 25 })
  assert.deepEqual(config.hosts, {
    oci: ['registry.example.org', 'oci.example.org'],
    opm: ['opm.example.org'],
  })
  assert.deepEqual(config.cors.origins, ['https://pages.example.org'])
  assert.equal(config.limits.maxBodyBytes, 4096)
  assert.equal(config.core.maxBlobBytes, 1.5 * 2 ** 30)
  assert.equal(config.core.defaultQuotaBytes, 10_000_000_000)
  assert.equal(config.gc.intervalSeconds, 0)
  assert.equal(config.rates.general.read.anonymous, 1000)
  assert.deepEqual(config.rates.ecosystems.oci?.read, { anonymous: 0 })
  assert.deepEqual(config.rates.ecosystems.opm?.read, {})
})

describe('variables of one ecosystem', () => {
  test('hosts and rates', () => {
    const config = load({
      env: { ENTREPOT_HOST_OCI: 'a.org, b.org', ENTREPOT_RATES_OPM_WRITE_AUTHENTICATED: '7' },
    })
    assert.deepEqual(config.hosts.oci, ['a.org', 'b.org'])
    assert.deepEqual(config.rates.ecosystems.opm?.write, { authenticated: 7 })
  })

  test('one host cannot be the root of two', () => {
    const [problem, ...others] = problems({
      env: { ENTREPOT_HOST_OCI: 'a.org', ENTREPOT_HOST_OPM: 'A.org' },
    })
    assert.match(problem ?? '', /^hosts\.opm: "a\.org" from ENTREPOT_HOST_OPM: hosts\.oci has/)
    assert.deepEqual(others, [])
  })
})

describe('what a value may be', () => {
  const env = (name: string, text: string) => ({ env: { [`ENTREPOT_${name}`]: text } })
  const wrong: readonly [name: string, text: string, expected: RegExp][] = [
    ['LISTEN', '7080', /expected HOST:PORT/],
    ['LISTEN', 'localhost', /expected HOST:PORT/],
    ['LISTEN', 'localhost:65536', /expected HOST:PORT/],
    ['LISTEN', '::1:7080', /expected HOST:PORT/],
    ['LISTEN', '[::zz]:7080', /expected HOST:PORT/],
    ['LISTEN', '[127.0.0.1]:7080', /expected HOST:PORT/],
    ['LISTEN', 'http://localhost:7080', /expected HOST:PORT/],
    ['PUBLIC_URL', 'registry.example.org', /expected http:\/\/ or https:\/\//],
    ['PUBLIC_URL', 'ftp://registry.example.org', /expected http:\/\/ or https:\/\//],
    ['PUBLIC_URL', 'https://example.org/registry', /without a path/],
    ['PUBLIC_URL', 'https://me@example.org', /without a path/],
    ['PUBLIC_URL', 'https://example.org?x', /without a path/],
    ['PUBLIC_URL', 'https://', /without a path/],
    ['DATA', ' ', /expected a path/],
    ['BLOBS', 's3://bucket/prefix', /s3:\/\/ and gs:\/\/ come in a later version/],
    ['BLOBS', 'gs://bucket', /s3:\/\/ and gs:\/\/ come in a later version/],
    ['BLOBS', 'file://blobs', /expected a directory/],
    ['BLOBS', 'file:///a%2Fb', /expected a directory/],
    ['DATABASE_URL', 'mysql://localhost/x', /expected sqlite:PATH or postgres:/],
    ['DATABASE_URL', 'sqlite:', /expected sqlite:PATH/],
    ['DATABASE_URL', 'sqlite://relative.db', /expected sqlite:PATH/],
    ['DATABASE_URL', 'postgres://me:a/b@host/x', /%2F/],
    ['DATABASE_URL', 'postgres://me:1/b@host/x', /%2F/],
    ['DATABASE_URL', 'postgres://me:1#b@host/x', /%23/],
    ['DATABASE_POOL_SIZE', '0', /a whole number from 1 to 500/],
    ['DATABASE_POOL_SIZE', '501', /a whole number from 1 to 500/],
    ['DATABASE_POOL_SIZE', '1e2', /a whole number/],
    ['DATABASE_POOL_SIZE', '-1', /a whole number/],
    ['LOG_LEVEL', 'loud', /one of debug, info, warn, error, silent/],
    ['DEFAULT_VISIBILITY', 'secret', /one of private, public/],
    ['METRICS_TOKEN', 'short', /at least 16 characters without spaces/],
    ['METRICS_TOKEN', 'sixteen and more characters', /without spaces/],
    ['HOST_OCI', 'https://registry.example.org', /expected host names/],
    ['HOST_OCI', 'registry.example.org:443', /expected host names/],
    ['HOST_OCI', 'a.org,,b.org', /expected host names/],
    ['TRUSTED_PROXIES', '10.0.0.0/33', /expected IP addresses or networks/],
    ['TRUSTED_PROXIES', 'fd00::/129', /expected IP addresses or networks/],
    ['TRUSTED_PROXIES', 'localhost', /expected IP addresses or networks/],
    ['TRUSTED_PROXIES', '127.0.0.1/', /expected IP addresses or networks/],
    ['CORS_ORIGINS', 'https://a.org/page', /expected \* or origins/],
    ['LIMITS_MAX_BLOB', '10 potatoes', /a size such as 4096, 10MB or 4 MiB/],
    ['LIMITS_MAX_BLOB', '0', /a size/],
    ['LIMITS_MAX_BLOB', '-1MB', /a size/],
    ['LIMITS_MAX_BLOB', '99999999 TiB', /a size/],
    ['LIMITS_REQUEST_TIMEOUT', '30', /a duration with its unit/],
    ['LIMITS_REQUEST_TIMEOUT', '0s', /from 1s to 255s/],
    ['LIMITS_REQUEST_TIMEOUT', '256s', /from 1s to 255s/],
    ['GC_GRACE', '1y', /a duration/],
    ['RATES_READ_ANONYMOUS', 'none', /a whole number from 0/],
  ]
  for (const [name, text, expected] of wrong) {
    test(`not ${name}=${text}`, () => {
      const [problem = '', ...others] = problems(env(name, text))
      assert.deepEqual(others, [])
      assert.match(problem, expected)
      assert.ok(problem.includes(`from ENTREPOT_${name}: expected `), problem)
    })
  }

  const right: readonly [name: string, text: string, value: (given: Given) => unknown, unknown][] =
    [
      ['LIMITS_MAX_BLOB', '4096', (given) => load(given).limits.maxBlobBytes, 4096],
      ['LIMITS_MAX_BLOB', '10MB', (given) => load(given).limits.maxBlobBytes, 10_000_000],
      ['LIMITS_MAX_BLOB', '4 MiB', (given) => load(given).limits.maxBlobBytes, 4_194_304],
      ['LIMITS_MAX_BLOB', '1kib', (given) => load(given).limits.maxBlobBytes, 1024],
      ['GC_GRACE', '30s', (given) => load(given).gc.graceSeconds, 30],
      ['GC_GRACE', '15m', (given) => load(given).gc.graceSeconds, 900],
      ['GC_GRACE', '2 h', (given) => load(given).gc.graceSeconds, 7200],
      ['GC_GRACE', '90d', (given) => load(given).gc.graceSeconds, 7_776_000],
      ['LOG_LEVEL', 'DEBUG', (given) => load(given).logLevel, 'debug'],
      ['CORS_ORIGINS', '*', (given) => load(given).cors.origins, ['*']],
      ['BLOBS', 'store', (given) => load(given).blobs.root, '/srv/store'],
      ['BLOBS', 'file:///store', (given) => load(given).blobs.root, '/store'],
      ['METRICS_TOKEN', SECRET, (given) => load(given).metricsToken, SECRET],
      [
        'DATABASE_URL',
        'sqlite:///abs.db',
        (given) => load(given).database,
        { kind: 'sqlite', path: '/abs.db' },
      ],
    ]
  for (const [name, text, value, expected] of right) {
    test(`${name}=${text}`, () => assert.deepEqual(value(env(name, text)), expected))
  }
})

describe('problems', () => {
  test('all are reported together, each with its setting, source, fault and remedy', () => {
    const found = problems({
      flags: { logLevel: 'loud' },
      env: { ENTREPOT_LISTEN: 'here', ENTREPOT_DATABASE_URL_FILE: 'gone', ENTREPOT_DAAT: 'x' },
      toml: 'lisen = "127.0.0.1:1"\ndefault_visibility = true\n[limits]\nmax_blob = "lots"',
    })
    const forms = '127.0.0.1:7080, 0.0.0.0:7080 or [::1]:7080 (port 0: any free one)'
    assert.deepEqual(found, [
      `listen: "here" from ENTREPOT_LISTEN: expected HOST:PORT, such as ${forms}`,
      'default_visibility: "true" from /srv/entrepot.toml: expected one of private, public',
      'database.url: ENTREPOT_DATABASE_URL_FILE: there is no file /srv/gone',
      'log.level: "loud" from --log-level: expected one of debug, info, warn, error, silent',
      'limits.max_blob: "lots" from /srv/entrepot.toml: expected a size such as 4096, 10MB or 4 MiB',
      'lisen: no such setting (in /srv/entrepot.toml): did you mean listen?',
      'ENTREPOT_DAAT: no such setting (in the environment): did you mean ENTREPOT_DATA?',
    ])
  })

  const files: readonly [what: string, toml: string, expected: RegExp][] = [
    ['a table for a value', '[listen]\nport = 1', /^listen\.port: .* did you mean listen\?/],
    ['a value for a table', 'database = "x"', /^database: .* did you mean database\.url\?/],
    ['an unknown ecosystem', '[hosts]\nnpm = "x"', /^hosts\.npm: .* did you mean hosts\.opm\?/],
    ['a name like no other', 'zzzzzzzz = 1', /^zzzzzzzz: .*: `entrepot config` lists/],
    ['a setting that cannot be there', 'config = "x"', /^config: no such setting/],
    ['an array for one value', 'listen = ["127.0.0.1:1"]', /^listen: .*wrong type.*HOST:PORT/],
    ['numbers in a list', 'trusted_proxies = [1]', /^trusted_proxies: .*wrong type/],
    ['a date', 'data = 2020-01-01', /^data: .*wrong type/],
    ['broken syntax', 'listen = \n', /^config: \/srv\/entrepot\.toml, line 1, column \d+: /],
  ]
  for (const [what, toml, expected] of files) {
    test(`${what} in the file`, () => {
      const [problem = '', ...others] = problems({ toml })
      assert.deepEqual(others, [])
      assert.match(problem, expected)
    })
  }

  test('a file that was named must exist', () => {
    assert.deepEqual(problems({ flags: { config: 'my.toml' } }), [
      'config: there is no file /srv/my.toml',
    ])
  })

  test('a file that cannot be read is named', () => {
    const readFile = () => {
      throw new Error('EACCES: permission denied')
    }
    assert.throws(() => loadConfig({ ...sources(), readFile }), {
      name: 'ConfigError',
      message: /cannot read \/srv\/entrepot\.toml: EACCES/,
    })
  })

  test('only secrets have files', () => {
    const [problem] = problems({ env: { ENTREPOT_LISTEN_FILE: '/run/x' } })
    assert.match(problem ?? '', /^ENTREPOT_LISTEN_FILE: no such setting/)
  })

  test('variables of other programs are none of ours', () => {
    const env = {
      ENTREPOT_RUNTIME: 'node',
      ENTREPOT_TEST_X: '1',
      ENTREPOT_TOKEN: 'ent_x',
      ENTREPOT_URL: 'http://x',
      ENTREPOT_SERVICE_HOST: '10.0.0.1',
      ENTREPOT_SERVICE_PORT_HTTP: '80',
      ENTREPOT_PORT: 'tcp://10.0.0.1:80',
      ENTREPOT_PORT_80_TCP_ADDR: '10.0.0.1',
      ENTREPOTISH: '1',
      PATH: '/bin',
    }
    assert.equal(load({ env }).listen.port, 7080)
    assert.equal(problems({ env: { ENTREPOT_PORT: '80' } }).length, 1)
  })
})

describe('secrets', () => {
  const urls: readonly [url: string, shown: string][] = [
    [`postgres://me:${SECRET}@db:5432/x`, 'postgres://me:•••@db:5432/x'],
    [`postgresql://db/x?password=${SECRET}`, 'postgresql://db/x?•••'],
    ['postgres://me@db/x', 'postgres://me@db/x'],
    ['sqlite:here.db', 'sqlite:here.db'],
  ]
  for (const [url, expected] of urls) {
    test(`${expected} is what is shown`, () => {
      const row = shown({ env: { ENTREPOT_DATABASE_URL: url } }, 'database.url')
      assert.equal(row?.value, expected)
    })
  }

  test('no description holds one', () => {
    const rows = describeConfig(
      sources({
        env: { ENTREPOT_METRICS_TOKEN_FILE: 'token' },
        files: { '/srv/token': `${SECRET}\r\n` },
      }),
    )
    assert.equal(rows.find(({ key }) => key === 'metrics.token')?.value, '•••')
    assert.ok(!JSON.stringify(rows).includes(SECRET))
  })

  const leaks: readonly [what: string, given: Given][] = [
    ['a variable', { env: { ENTREPOT_METRICS_TOKEN: `${SECRET} ` } }],
    ['a URL', { env: { ENTREPOT_DATABASE_URL: `mysql://me:${SECRET}@db/x` } }],
    [
      'a secret file',
      { env: { ENTREPOT_METRICS_TOKEN_FILE: 'f' }, files: { '/srv/f': `${SECRET}\n\n` } },
    ],
    ['the file', { toml: `[database]\nurl = "oracle:${SECRET}"` }],
    ['a file with broken syntax', { toml: `[metrics]\ntoken = "${SECRET}` }],
    ['a file with a bare word', { toml: `[metrics]\ntoken = ${SECRET}` }],
    ['an array', { toml: `[metrics]\ntoken = ["${SECRET}"]` }],
    ['a wrong name', { env: { ENTREPOT_METRIC_TOKEN: SECRET } }],
  ]
  for (const [what, given] of leaks) {
    test(`no error holds one that came by ${what}`, () => {
      assert.equal(problems(given).length, 1)
      assert.throws(
        () => load(given),
        (error: Error) => !`${error.stack}${JSON.stringify(error)}${error.cause}`.includes(SECRET),
      )
    })
  }
})

describe('the table', () => {
  const table = namedSettings(['oci', 'gren-lang'])

  test('has one variable, flag and key per setting', () => {
    const names = table.flatMap(({ env, mask }) => (mask ? [env, `${env}_FILE`] : [env]))
    const flags = table.flatMap(({ flag }) => flag ?? [])
    for (const list of [names, flags, table.map(({ key }) => key)]) {
      assert.deepEqual([...new Set(list)], list)
    }
    assert.ok(names.includes('ENTREPOT_HOST_GREN_LANG'))
    assert.ok(names.includes('ENTREPOT_DATABASE_URL'))
  })

  test('has defaults that are right, and says what applies where there is none', () => {
    for (const { key, default: text, kind, derive, unset } of table) {
      if (text === undefined) assert.ok(unset, key)
      else assert.notEqual(kind.parse(text), undefined, key)
      if (derive) assert.ok(unset, key)
    }
  })

  test('is the documentation', () => {
    const page = configurationMarkdown()
    for (const { key, env, notInFile } of namedSettings(['<ecosystem>'])) {
      assert.ok(page.includes(`\`${env}\``), env)
      assert.equal(page.includes(`| \`${key}\` |`), !notInFile, key)
    }
  })

  test('the example in the documentation is right', () => {
    const toml = /```toml\n(.*?)```/s.exec(configurationMarkdown())?.[1] ?? ''
    assert.equal(load({ toml }).rates.ecosystems.oci?.read.anonymous, 6000)
  })
})

test('a process has its environment, its directory and its files as sources', () => {
  const real = processSources({ listen: '127.0.0.1:9' }, ['oci'])
  assert.equal(real.cwd, process.cwd())
  assert.equal(real.env, environment())
  assert.equal(real.env.PATH, environment().PATH)
  assert.match(real.readFile('package.json') ?? '', /"entrepot"/)
  assert.equal(real.readFile('/no/such/file'), undefined)
  assert.equal(loadConfig({ ...real, env: {}, readFile: () => undefined }).listen.port, 9)
})

describe('webhooks', () => {
  const core = (env: Record<string, string>) => load({ env }).core

  test('addresses, networks and hosts that they may reach', () => {
    assert.deepEqual(
      core({ ENTREPOT_WEBHOOKS_ALLOW: '10.1.2.0/24, fd00::/8, 192.168.1.5, Hooks.Internal' })
        .webhookAllow,
      ['10.1.2.0/24', 'fd00::/8', '192.168.1.5', 'hooks.internal'],
    )
    for (const wrong of ['10.0.0.0/33', 'http://hooks.internal', 'a_b', '::1/200']) {
      assert.throws(() => core({ ENTREPOT_WEBHOOKS_ALLOW: wrong }), /ENTREPOT_WEBHOOKS_ALLOW/)
    }
  })

  test('docs sites, and the keys of secrets', () => {
    const url = 'https://packages.gren-lang.org/import/init'
    assert.deepEqual(core({ ENTREPOT_WEBHOOKS_DOCS_SITES: `gren ${url}` }).docsSites, [
      { ecosystem: 'gren', url },
    ])
    for (const wrong of [url, 'gren', `gren ${url} more`, 'gren ftp://a.example']) {
      assert.throws(() => core({ ENTREPOT_WEBHOOKS_DOCS_SITES: wrong }), /DOCS_SITES/)
    }
    const keys = [1, 2].map((byte) => Buffer.alloc(32, byte))
    const text = keys.map((key) => key.toString('base64')).join(',')
    const read = core({ ENTREPOT_WEBHOOKS_KEY: text }).webhookKeys
    assert.deepEqual(
      read.map((key) => Buffer.from(key)),
      keys,
    )
    assert.throws(() => core({ ENTREPOT_WEBHOOKS_KEY: 'short' }), /ENTREPOT_WEBHOOKS_KEY/)
  })
})

describe('mail', () => {
  const transport = (url: string) => load({ env: { ENTREPOT_MAIL_URL: url } }).mail.transport
  const smtp = { kind: 'smtp', host: 'mail.example.org', port: 587, tls: 'required' } as const

  const urls: ReadonlyArray<[string, object]> = [
    ['smtp://mail.example.org', smtp],
    ['smtp://mail.example.org:25/?tls=optional', { ...smtp, port: 25, tls: 'optional' }],
    ['smtp://localhost:2525', { ...smtp, host: 'localhost', port: 2525, tls: 'optional' }],
    ['smtp://[::1]:25', { ...smtp, host: '::1', port: 25, tls: 'optional' }],
    ['smtps://mail.example.org', { ...smtp, port: 465, tls: 'implicit' }],
    [
      'smtp://me%40x:p%2Fss@mail.example.org',
      { ...smtp, auth: { user: 'me@x', password: 'p/ss' } },
    ],
    [
      'postmark://tok@api.postmarkapp.com',
      { kind: 'postmark', token: 'tok', baseUrl: 'https://api.postmarkapp.com' },
    ],
    [
      'postmark+http://tok@127.0.0.1:81/base/',
      { kind: 'postmark', token: 'tok', baseUrl: 'http://127.0.0.1:81/base' },
    ],
  ]
  for (const [url, expected] of urls) {
    test(url, () => assert.deepEqual(transport(url), expected))
  }

  for (const url of [
    'mail.example.org',
    'http://mail.example.org',
    'smtp://',
    'smtp://me@mail.example.org',
    'smtp://me:a/b@mail.example.org',
    'smtp://mail.example.org?tls=no',
    'postmark://api.postmarkapp.com',
    'postmark://tok:en@api.postmarkapp.com',
    'smtp://me:%zz@mail.example.org',
  ]) {
    test(`${url} is refused`, () => {
      const [problem = '', ...more] = problems({ env: { ENTREPOT_MAIL_URL: url } })
      assert.equal(more.length, 0)
      assert.match(problem, /smtp:\/\/USER:PASSWORD@HOST:587/)
    })
  }

  test('its secrets are masked', () => {
    const masked = (url: string) => shown({ env: { ENTREPOT_MAIL_URL: url } }, 'mail.url')?.value
    assert.equal(masked(`smtp://me:${SECRET}@h:25?tls=optional`), 'smtp://me:•••@h:25?tls=optional')
    assert.equal(
      masked(`postmark://${SECRET}@api.postmarkapp.com`),
      'postmark://•••@api.postmarkapp.com',
    )
  })

  test('the sender is of the public host, unless told otherwise', () => {
    const from = (env: Given['env']) => load({ env: env ?? {} }).mail.from
    assert.equal(
      from({ ENTREPOT_PUBLIC_URL: 'https://reg.example.org:8443' }),
      'no-reply@reg.example.org',
    )
    assert.equal(from({ ENTREPOT_PUBLIC_URL: 'http://192.0.2.1' }), 'no-reply@localhost')
    assert.equal(from({ ENTREPOT_MAIL_FROM: 'hello@example.org' }), 'hello@example.org')
    assert.equal(problems({ env: { ENTREPOT_MAIL_FROM: 'Me <hello@example.org>' } }).length, 1)
  })
})

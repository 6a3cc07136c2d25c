import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  isDiskFull,
  isForeignKeyViolation,
  isSqliteBusy,
  isUniqueViolation,
  openDatabase,
} from '#runtime/sqlite.ts'
import { after, before, describe, test } from '#runtime/test.ts'

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return assert.fail('nothing was thrown')
}

describe('sqlite', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'entrepot-sqlite-'))
  })
  after(() => rm(folder, { recursive: true }))

  test('values come back as they went in', () => {
    const db = openDatabase(':memory:')
    db.exec('CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB, n TEXT, f INTEGER)')
    const max = Number.MAX_SAFE_INTEGER
    const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)')
    assert.equal(insert.reader, false)
    const values = [BigInt(max), 1.5, 'é\u0000x', new Uint8Array([0, 255]), null, true]
    assert.deepEqual(insert.run(values), { changes: 1, lastInsertRowid: 1 })
    assert.deepEqual(insert.run([-max, 0, '', new Uint8Array(0), null, false]), {
      changes: 1,
      lastInsertRowid: 2,
    })
    const select = db.prepare('SELECT * FROM t ORDER BY rowid')
    assert.equal(select.reader, true)
    const rows = select.all([])
    assert.deepEqual(rows, [
      { i: max, r: 1.5, s: 'é\u0000x', b: new Uint8Array([0, 255]), n: null, f: 1 },
      { i: -max, r: 0, s: '', b: new Uint8Array(0), n: null, f: 0 },
    ])
    assert.equal(rows[0]?.b?.constructor, Uint8Array)
    db.close()
  })

  test('what cannot be bound exactly is refused', () => {
    const db = openDatabase(':memory:')
    const select = db.prepare('SELECT ? AS x')
    for (const value of [undefined, {}, Symbol('x'), new Date(), [1]]) {
      assert.throws(() => select.all([value]), TypeError)
    }
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n]) {
      assert.throws(() => select.all([value]), RangeError)
    }
    assert.throws(() => select.all([1, 2]))
    assert.deepEqual(select.all([3]), [{ x: 3 }])
    db.close()
  })

  test('RETURNING reads; BEGIN does not', () => {
    const db = openDatabase(':memory:')
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT)')
    const insert = db.prepare('INSERT INTO t (n) VALUES (?) RETURNING id')
    assert.equal(insert.reader, true)
    assert.deepEqual(insert.all(['a']), [{ id: 1 }])
    assert.equal(db.prepare('BEGIN').reader, false)
    db.close()
  })

  test('a statement is kept, and sees columns added later, by any connection', () => {
    const path = join(folder, 'columns.db')
    const db = openDatabase(path)
    const other = openDatabase(path)
    db.exec('CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)')
    const select = 'SELECT * FROM t'
    assert.equal(db.prepare(select), db.prepare(select))
    assert.deepEqual(db.prepare(select).all([]), [{ a: 1 }])
    db.prepare('ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 2').run([])
    assert.deepEqual(db.prepare(select).all([]), [{ a: 1, b: 2 }])
    other.exec('ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 3')
    assert.deepEqual(db.prepare(select).all([]), [{ a: 1, b: 2, c: 3 }])
    for (let i = 0; i < 1200; i++)
      assert.deepEqual(db.prepare(`SELECT ${i} AS x`).all([]), [{ x: i }])
    assert.deepEqual([...db.prepare('SELECT a FROM t').iterate([])], [{ a: 1 }])
    db.close()
    other.close()
  })

  test('failures are told apart', () => {
    const path = join(folder, 'errors.db')
    const db = openDatabase(path)
    db.exec(`CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT UNIQUE);
      CREATE TABLE c (p INTEGER REFERENCES p (id));
      CREATE TABLE r (p INTEGER REFERENCES p (id) ON DELETE RESTRICT);
      CREATE TABLE big (b BLOB);
      INSERT INTO p VALUES (1, 'a'), (2, 'b');
      INSERT INTO c VALUES (1);
      INSERT INTO r VALUES (2)`)
    const kinds = (error: unknown) => [
      isUniqueViolation(error),
      isForeignKeyViolation(error),
      isSqliteBusy(error),
      isDiskFull(error),
    ]
    const kindsOf = (sql: string) => kinds(caught(() => db.prepare(sql).run([])))
    assert.deepEqual(kindsOf("INSERT INTO p VALUES (1, 'c')"), [true, false, false, false])
    assert.deepEqual(kindsOf("INSERT INTO p VALUES (3, 'a')"), [true, false, false, false])
    assert.deepEqual(kindsOf('INSERT INTO c VALUES (9)'), [false, true, false, false])
    assert.deepEqual(kindsOf('DELETE FROM p WHERE id = 1'), [false, true, false, false])
    assert.deepEqual(kindsOf('DELETE FROM p WHERE id = 2'), [false, true, false, false])
    assert.deepEqual(kindsOf('SELEKT'), [false, false, false, false])

    const other = openDatabase(path)
    other.exec('BEGIN IMMEDIATE')
    assert.deepEqual(kindsOf('BEGIN IMMEDIATE'), [false, false, true, false])
    other.exec('ROLLBACK')
    other.close()

    db.prepare('PRAGMA max_page_count = 20').all([])
    const full = 'INSERT INTO big VALUES (zeroblob(1000000))'
    assert.deepEqual(kindsOf(full), [false, false, false, true])
    db.close()
    assert.deepEqual(kinds(new Error('other')), [false, false, false, false])
  })

  test('a read-only database is not written', () => {
    const path = join(folder, 'readonly.db')
    const db = openDatabase(path)
    db.exec('CREATE TABLE t (a INTEGER)')
    db.close()
    const reader = openDatabase(path, { readonly: true })
    assert.throws(() => reader.exec('INSERT INTO t VALUES (1)'))
    assert.deepEqual(reader.prepare('SELECT * FROM t').all([]), [])
    reader.close()
    assert.throws(() => openDatabase(join(folder, 'missing.db'), { readonly: true }))
  })
})

import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import type { Row, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { type Advisory, mayHandleDraft, toAdvisory } from './advisory.ts'
import type { AdvisoryDocument, AdvisoryInput } from './advisory-document.ts'
import { announceAdvisory } from './announce-advisory.ts'
import { idPrefix } from './ecosystems.ts'
import { type Resolved, resolveAffected } from './resolve-affected.ts'

/** The version of OSV that documents are written in. */
const SCHEMA_VERSION = '1.7.5'

/**
 * Adds an advisory as a draft: admins for packages of their own, operators for any. With the id of
 * one that is there it takes its place: a draft for who may handle it; a published one for
 * operators, and then it stays published. Without an id it gets one.
 */
export async function addAdvisory(
  app: App,
  actor: Actor,
  written: AdvisoryInput,
): Promise<Advisory> {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to write an advisory needs a credential')
  }
  return await change(app, async (tx) => toAdvisory(await saveAdvisory(app, tx, actor, written)))
}

/** The same as a part of a larger change. */
export async function saveAdvisory(
  app: App,
  tx: Tx,
  actor: Actor,
  written: AdvisoryInput,
): Promise<Row<'advisories'>> {
  const resolved = await resolveAffected(app, tx, actor, written)
  const known = await findReplaceable(app, tx, actor, written.id)
  const row = known
    ? await replace(app, tx, known, resolved)
    : await insert(app, tx, actor, resolved)
  await announceAdvisory(tx, row.id)
  await tx.deleteFrom('advisoryPackages').where('advisoryId', '=', row.id).execute()
  if (resolved.about.length > 0) {
    await tx
      .insertInto('advisoryPackages')
      .values(resolved.about.map((one) => ({ ...one, advisoryId: row.id })))
      .execute()
  }
  await announceAdvisory(tx, row.id)
  await audit(app, tx, actor, {
    action: known ? 'advisory.update' : 'advisory.add',
    subject: `advisory:${row.name}`,
    detail: { packages: resolved.about.map(({ ecosystem, name }) => `${ecosystem}:${name}`) },
  })
  return row
}

async function findReplaceable(
  app: App,
  tx: Tx,
  actor: Actor,
  id: string | undefined,
): Promise<Row<'advisories'> | undefined> {
  if (id === undefined) return undefined
  const query = tx.selectFrom('advisories').selectAll().where('name', '=', id)
  const known = await app.database.dialect.lock(query).executeTakeFirst()
  if (!known) return undefined
  if (known.state === 'withdrawn') throw taken(id, 'was withdrawn')
  const isDraft = known.state === 'draft'
  if (isDraft ? await mayHandleDraft(tx, actor, known.id) : actor.isOperator) return known
  throw taken(id, 'exists')
}

async function insert(app: App, tx: Tx, actor: Actor, { document }: Resolved) {
  const at = now(app)
  const tried = document.id ?? (await nextId(app, tx, document))
  for (let name = tried; ; name = following(name)) {
    const row = await tx
      .insertInto('advisories')
      .values({
        name,
        state: 'draft',
        document: JSON.stringify(finish(document, { id: name, modified: isoOf(at) })),
        createdBy: actor.name,
        createdAt: at,
        modifiedAt: at,
        publishedAt: null,
        withdrawnAt: null,
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (row) return row
    if (document.id !== undefined) throw taken(name, 'exists')
  }
}

async function replace(app: App, tx: Tx, known: Row<'advisories'>, { document }: Resolved) {
  const at = now(app)
  const { published } = toAdvisory(known).document
  const facts = { id: known.name, modified: isoOf(at), ...(published && { published }) }
  return await tx
    .updateTable('advisories')
    .set({ document: JSON.stringify(finish(document, facts)), modifiedAt: at })
    .where('id', '=', known.id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** The document as the registry tells it: what it alone can say comes from it. */
function finish(
  { withdrawn: _, published: _published, ...document }: AdvisoryInput,
  facts: Pick<AdvisoryDocument, 'id' | 'modified'>,
): AdvisoryDocument {
  return { ...document, schema_version: SCHEMA_VERSION, ...facts }
}

/** PREFIX-YEAR-NUMBER, one more than the last. */
async function nextId(app: App, tx: Tx, { affected }: AdvisoryInput): Promise<string> {
  const names = affected.map((one) => one.package?.ecosystem ?? '')
  const start = `${idPrefix(names)}${app.clock().getUTCFullYear()}-`
  const rows = await tx
    .selectFrom('advisories')
    .select('name')
    .where('name', '>=', start)
    .where('name', '<', `${start}:`)
    .execute()
  const numbers = rows.map(({ name }) => Number(name.slice(start.length))).filter(Number.isInteger)
  return start + numberText(Math.max(0, ...numbers) + 1)
}

function following(name: string): string {
  const at = name.lastIndexOf('-') + 1
  return name.slice(0, at) + numberText(Number(name.slice(at)) + 1)
}

function numberText(number: number): string {
  return String(number).padStart(4, '0')
}

function isoOf(at: number): string {
  return new Date(at).toISOString()
}

function taken(id: string, why: string): RegistryError {
  return new RegistryError('conflict', `advisory ${id} ${why}`)
}

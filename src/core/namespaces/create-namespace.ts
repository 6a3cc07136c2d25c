import type { Actor } from '#core/access/actor.ts'
import { actsAsOperator } from '#core/access/acts-as-operator.ts'
import { authorizeOperator, authorizeUser } from '#core/access/can.ts'
import { findUser, type User, userUnknown } from '#core/accounts/find-user.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { namespaceTopic, userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { type Namespace, toNamespace } from './find-namespace.ts'
import { type Labels, writeLabels } from './labels.ts'
import { parseNamespaceName } from './namespace-name.ts'
import { pickQuotas, type Quotas } from './quotas.ts'

/** What a new namespace is made of. Provider labels, quotas and another's ownership take an operator. */
export interface NewNamespace extends Partial<Quotas> {
  readonly name: string
  /** Its first admin; the actor when missing. */
  readonly owner?: string
  readonly consumerLabels?: Labels
  readonly providerLabels?: Labels
}

/**
 * The instance's, not the first comer's: where single-part names of container images live, and whose
 * Gren packages may have kernel code.
 */
const OPERATORS_ONLY: ReadonlySet<string> = new Set(['gren-lang', 'library'])

/** Makes a namespace whose first admin is its owner. Throws `name_taken`. */
export async function createNamespace(
  app: App,
  actor: Actor,
  wanted: NewNamespace,
): Promise<Namespace> {
  const quotas = pickQuotas(wanted)
  authorizeCreation(actor, wanted, Object.keys(quotas).length > 0)
  const { name, key } = parseNamespaceName(wanted.name)
  authorizeName(actor, key)
  return await change(app, async (tx) => {
    const owner = await ownerOf(tx, actor, wanted)
    const row = await insertNamespace(app, tx, actor, { ...wanted, ...quotas, name, key, owner })
    if (row) return row
    throw new RegistryError('name_taken', `there is a namespace ${name} already`)
  })
}

/** A namespace to be, and its first admin. */
interface NamespaceRow extends Omit<NewNamespace, 'owner'> {
  readonly key: string
  readonly owner: Pick<User, 'id' | 'name'>
}

/** Makes a namespace as part of a change; nothing when its key is taken. */
export async function insertNamespace(
  app: App,
  tx: Tx,
  actor: Actor,
  { name, key, owner, consumerLabels = {}, providerLabels = {}, ...more }: NamespaceRow,
): Promise<Namespace | undefined> {
  authorizeName(actor, key)
  const quotas = pickQuotas(more)
  const row = await tx
    .insertInto('namespaces')
    .values({
      name,
      key,
      status: 'active',
      maxBytes: app.settings.defaultQuotaBytes ?? null,
      maxPackages: app.settings.defaultQuotaPackages ?? null,
      maxProjects: null,
      ...quotas,
      usedBytes: 0,
      consumerLabels: writeLabels(consumerLabels),
      providerLabels: writeLabels(providerLabels),
      createdAt: now(app),
    })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returningAll()
    .executeTakeFirst()
  if (!row) return undefined
  await tx
    .insertInto('members')
    .values({ namespaceId: row.id, userId: owner.id, role: 'admin', createdAt: now(app) })
    .execute()
  await audit(app, tx, actor, {
    action: 'namespace.create',
    subject: `namespace:${name}`,
    namespaceId: row.id,
    detail: { owner: owner.name, ...quotas },
  })
  changed(tx, namespaceTopic(row.id), userTopic(owner.id))
  return toNamespace(row)
}

function authorizeCreation(actor: Actor, wanted: NewNamespace, hasQuotas: boolean): void {
  if (actor.kind === 'system' || hasQuotas || wanted.providerLabels) {
    authorizeOperator(actor)
    return
  }
  authorizeUser(actor, 'admin')
  if (!actor.onlyNamespaces && !actor.onlyPackages) return
  throw new RegistryError('forbidden', 'a restricted credential cannot make namespaces')
}

function authorizeName(actor: Actor, key: string): void {
  if (!OPERATORS_ONLY.has(key) || actsAsOperator(actor)) return
  throw new RegistryError('forbidden', `the name ${key} is kept for operators`)
}

/** Naming another user takes an operator, who alone hears whether that user exists. */
async function ownerOf(tx: Tx, actor: Actor, { owner }: NewNamespace): Promise<User> {
  const own = actor.kind === 'user' ? actor.name.slice('user:'.length) : undefined
  const name = owner ?? own
  if (name === undefined) throw new RegistryError('invalid_request', 'a namespace needs an owner')
  const user = await findUser(tx, name)
  if (!user || user.id !== actor.userId) authorizeOperator(actor)
  if (!user) throw userUnknown(name)
  return user
}

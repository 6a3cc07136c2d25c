import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import type { EcosystemRules } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import { findPackage, type Package, resourceOf } from '#core/packages/package.ts'
import {
  arrivalOf,
  type LogEntry,
  listEntries,
  type ReleaseName,
  unknownInLog,
} from './find-entry.ts'

/** What the log has of a release. */
export interface LookedUp {
  /** The one that tells of the release itself. */
  readonly entry: LogEntry
  /** All of them, oldest first. */
  readonly events: readonly LogEntry[]
}

/**
 * Looks a release up, under its package's name as anybody may write it. What is logged of private
 * packages is only for those who may read them.
 */
export async function lookup(app: App, actor: Actor, raw: ReleaseName): Promise<LookedUp> {
  const rules = app.ecosystems.find(({ id }) => id === raw.ecosystem)
  const target = rules && (await findByName(app, rules, raw.name))
  const mayReadAll = target !== undefined && can(actor, 'read', resourceOf(target))
  const release = { ...raw, name: target?.path ?? raw.name }
  const events = await listEntries(app, release, { withHidden: mayReadAll })
  const entry = arrivalOf(events)
  if (entry) return { entry, events }
  throw unknownInLog(raw)
}

/** A package that is there no more is looked up by the name given. */
async function findByName(
  app: App,
  rules: EcosystemRules,
  rawName: string,
): Promise<Package | undefined> {
  try {
    return await findPackage(app, { ...rules.parseName(rawName), ecosystem: rules.id })
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'name_invalid') return undefined
    throw error
  }
}

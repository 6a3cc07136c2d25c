import type { Actor } from '#core/access/actor.ts'
import { actsAsOperator } from '#core/access/acts-as-operator.ts'
import { authorize } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import type { EcosystemRules } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import {
  type PackageRef,
  packageUnknown,
  projectName,
  resourceOf,
  selectPackage,
} from '#core/packages/package.ts'
import type { AdvisoryInput } from './advisory-document.ts'
import { ecosystemOf } from './ecosystems.ts'

/** A package that an advisory is about, of an ecosystem that is served here. */
interface AboutPackage {
  readonly ecosystem: string
  readonly name: string
  readonly packageId: number | null
  readonly isPrivate: 0 | 1
}

/** The document with names as this registry writes them, and the packages in it. */
export interface Resolved {
  readonly document: AdvisoryInput
  readonly about: readonly AboutPackage[]
}

/**
 * Finds the packages that a document speaks of. Operators may speak of anything; others only of
 * packages here that are theirs to manage.
 */
export async function resolveAffected(
  app: App,
  tx: Tx,
  actor: Actor,
  raw: AdvisoryInput,
): Promise<Resolved> {
  const about = new Map<string, AboutPackage>()
  const affected: AdvisoryInput['affected'] = []
  for (const [at, one] of raw.affected.entries()) {
    const rules = one.package && ecosystemOf(app, one.package.ecosystem)
    if (!one.package || !rules) {
      if (!actsAsOperator(actor)) throw onlyOwn()
      affected.push(one)
      continue
    }
    const found = await resolve(tx, actor, { rules, rawName: one.package.name, at })
    about.set(`${found.ecosystem} ${found.name}`, found)
    affected.push({ ...one, package: { ...one.package, name: found.name } })
  }
  return { document: { ...raw, affected }, about: [...about.values()] }
}

async function resolve(
  tx: Tx,
  actor: Actor,
  { rules, rawName, at }: { rules: EcosystemRules; rawName: string; at: number },
): Promise<AboutPackage> {
  const ref = { ecosystem: rules.id, ...parseName(rules, rawName, at) }
  const found = await selectPackage(tx, ref)
  if (!actsAsOperator(actor)) {
    if (!found) throw packageUnknown(ref)
    authorize(actor, 'manage', resourceOf(found), () => packageUnknown(ref))
  }
  return {
    ecosystem: rules.id,
    name: found?.path ?? pathOf(rules, ref),
    packageId: found?.id ?? null,
    isPrivate: found?.visibility === 'private' ? 1 : 0,
  }
}

function parseName(rules: EcosystemRules, rawName: string, at: number) {
  try {
    return rules.parseName(rawName)
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    const reason = `affected.${at}.package.name: ${error.message}`
    throw new RegistryError('unprocessable', reason, { cause: error })
  }
}

/** What the package is called in advisories, whether it is here or not. */
export function pathOf(rules: EcosystemRules, ref: PackageRef): string {
  return rules.formatName({ namespace: ref.namespace, project: projectName(ref), name: ref.name })
}

function onlyOwn(): RegistryError {
  return new RegistryError('forbidden', 'only operators write advisories about packages elsewhere')
}

import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import type { Package } from '#core/packages/package.ts'
import { saveAdvisory } from './add-advisory.ts'
import { advisoryEcosystem } from './ecosystems.ts'
import { showAdvisory } from './publish-advisory.ts'

/**
 * Tells whoever has a version that it was removed: a published advisory about just that version, in
 * the transaction that removes it. Answers its id.
 */
export async function adviseRemoval(
  app: App,
  tx: Tx,
  actor: Actor,
  { target, version, reason }: { target: Package; version: string; reason: string },
): Promise<string> {
  const { ecosystem, path: name } = target
  const written = await saveAdvisory(app, tx, actor, {
    summary: `${name} ${version} was removed from the registry`,
    details: reason,
    affected: [{ package: { ecosystem: advisoryEcosystem(ecosystem), name }, versions: [version] }],
  })
  return (await showAdvisory(app, tx, actor, written)).name
}

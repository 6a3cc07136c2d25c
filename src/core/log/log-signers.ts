import type { App } from '#core/app.ts'
import { cosignerOf, witnessSeed } from './cosignature.ts'
import { type Signer, signerOf } from './note.ts'

/** Which log this is: its address without a scheme, unless a setting names another. */
export function logOrigin({ settings }: App): string {
  return settings.logOrigin ?? `${new URL(settings.publicUrl).host}/log`
}

/** Who signs the log here: the current key first; nobody when this process has no key. */
export function logSigners(app: App): Signer[] {
  const origin = logOrigin(app)
  return app.logSeeds.map((seed) => signerOf(origin, seed))
}

/** Who cosigns the logs of others here, in the same order. */
export function witnessSigners(app: App): Signer[] {
  const name = `${logOrigin(app)}/witness`
  return app.logSeeds.map((seed) => cosignerOf(name, witnessSeed(seed), app.clock))
}

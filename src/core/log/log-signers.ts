import type { App } from '#core/app.ts'
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

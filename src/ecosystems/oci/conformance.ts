import { after, before, describe, test } from '#runtime/test.ts'
import { authTests } from './conformance-auth.ts'
import { chunkTests } from './conformance-chunks.ts'
import { deleteTests } from './conformance-delete.ts'
import { errorTests } from './conformance-errors.ts'
import { listTests } from './conformance-lists.ts'
import { manifestTests } from './conformance-manifests.ts'
import { mountTests } from './conformance-mount.ts'
import { privacyTests } from './conformance-privacy.ts'
import { pullTests } from './conformance-pull.ts'
import { pushTests } from './conformance-push.ts'
import { referrerTests } from './conformance-referrers.ts'
import { sizeTests } from './conformance-sizes.ts'
import { tokenTests } from './conformance-token.ts'
import { makeWorld, type OciFixture, type World } from './conformance-world.ts'

const groups = {
  'checking and challenges': authTests,
  'token flow': tokenTests,
  'pushing blobs': pushTests,
  'chunked uploads': chunkTests,
  mounting: mountTests,
  'pulling blobs': pullTests,
  manifests: manifestTests,
  'manifest sizes': sizeTests,
  referrers: referrerTests,
  'tags and catalog': listTests,
  deleting: deleteTests,
  privacy: privacyTests,
  'bad requests': errorTests,
}

/** Registers the OCI distribution conformance behaviours against a served registry. */
export function ociConformance(start: () => Promise<OciFixture>): void {
  describe('OCI distribution conformance', () => {
    let world: World | undefined
    before(async () => {
      world = makeWorld(await start())
    })
    after(async () => {
      await world?.fixture.stop()
    })
    for (const [group, tests] of Object.entries(groups)) {
      describe(group, () => {
        for (const [name, run] of Object.entries(tests)) {
          test(name, async () => {
            if (world === undefined) throw new Error('the registry did not start')
            await run(world)
          })
        }
      })
    }
  })
}

import { systemActor } from '#core/access/actor.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { newUser, serveTestApp } from '#test/served.ts'
import { ociConformance } from './conformance.ts'
import { packageRef } from './name.ts'

ociConformance(async () => {
  const registry = await serveTestApp({ maxFailedCredentialsPerMinute: 10_000 })
  const { app } = registry
  const owner = await newUser(app, 'owner', { namespaces: ['acme'] })
  const stranger = await newUser(app, 'stranger', { namespaces: ['other'] })
  return {
    baseUrl: registry.url,
    authorization: owner.basic,
    strangerAuthorization: stranger.basic,
    namespace: 'acme',
    strangerNamespace: 'other',
    setVisibility: async (repository, visibility) => {
      await updatePackage(app, systemActor('cli'), packageRef(repository), { visibility })
    },
    stop: registry.stop,
  }
})

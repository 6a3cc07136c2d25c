import assert from 'node:assert/strict'
import { type AuditLine, listAudit } from '#core/audit/list-audit.ts'
import { operator } from './app.ts'
import { ClientHome } from './clients.ts'
import { OciClient, randomWord } from './oci-client.ts'
import { newUser, type ServedRegistry, serveTestApp } from './served.ts'

/** A served registry with the homes of two people's clients. */
export interface ClientWorld {
  readonly registry: ServedRegistry
  /** `127.0.0.1:<port>`, the first part of every image's name. */
  readonly host: string
  /** Admin of the namespace acme. */
  readonly owner: { readonly name: string; readonly secret: string; readonly basic: string }
  /** The owner's clients, logged in. */
  readonly home: ClientHome
  /** Nobody's clients. */
  readonly anonymous: ClientHome
  /** Our own client with the owner's credential. */
  readonly client: OciClient
  /** A repository name that nobody used before. */
  newRepository(): string
  /** How skopeo and others name an image there: `at(repository, ':v1')`. */
  at(repository: string, reference: string): string
  /** Audit lines about a repository, oldest first. */
  audited(action: string, repository: string): Promise<AuditLine[]>
  close(): Promise<void>
}

/** Starts a registry and furnishes the homes. */
export async function openClientWorld(): Promise<ClientWorld> {
  const registry = await serveTestApp({ maxFailedCredentialsPerMinute: 10_000 })
  const host = new URL(registry.url).host
  const owner = await newUser(registry.app, 'ann', { namespaces: ['acme', 'annex'] })
  const home = await ClientHome.open(host)
  const anonymous = await ClientHome.open(host)
  await home.logIn(host, owner)
  return {
    registry,
    host,
    owner,
    home,
    anonymous,
    client: new OciClient(registry.url, owner.basic),
    newRepository: () => `acme/app-${randomWord()}`,
    at: (repository, reference) => `docker://${host}/${repository}${reference}`,
    async audited(action, repository) {
      const filter = { namespace: repository.split('/')[0] ?? '', action, limit: 1000 }
      const { items, next } = await listAudit(registry.app, operator, filter)
      assert.equal(next, undefined, 'more audit lines than one page')
      return items.filter((line) => line.subject === `package:oci:${repository}`).reverse()
    },
    async close() {
      await home.close()
      await anonymous.close()
      await registry.stop()
    },
  }
}

import { randomBytes } from 'node:crypto'
import { systemActor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import { uploadBlob } from '#core/uploads/finish-upload.ts'
import { digestOf } from './digest.ts'

const operator = systemActor('cli')

/** A package for tests of collection and verification. */
export interface TestPackage {
  readonly id: number
  readonly namespaceId: number
  readonly ref: PackageRef
}

/** Makes a package, and its namespace when that is new. */
export async function addPackage(app: App, namespace: string, name: string): Promise<TestPackage> {
  const text = { consumerLabels: '{}', providerLabels: '{}', createdAt: 0 }
  return await change(app, async (tx) => {
    await tx
      .insertInto('namespaces')
      .values({ name: namespace, key: namespace, status: 'active', usedBytes: 0, ...text })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const { id: namespaceId } = await tx
      .selectFrom('namespaces')
      .select('id')
      .where('key', '=', namespace)
      .executeTakeFirstOrThrow()
    await tx
      .insertInto('projects')
      .values({ namespaceId, name: 'oci', ...text })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const { id: projectId } = await tx
      .selectFrom('projects')
      .select('id')
      .where('namespaceId', '=', namespaceId)
      .executeTakeFirstOrThrow()
    const { id } = await tx
      .insertInto('packages')
      .values({
        ecosystem: 'oci',
        namespaceId,
        projectId,
        name,
        key: name,
        path: `${namespace}/${name}`,
        visibility: 'public',
        immutableTags: 0,
        contentType: '',
        labels: '{}',
        createdAt: 0,
        updatedAt: 0,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    return { id, namespaceId, ref: { ecosystem: 'oci', namespace, name, key: name } }
  })
}

/** Content that nobody had before. */
export function newContent(bytes = 1000): Uint8Array {
  return randomBytes(bytes)
}

/** Pushes a blob as clients do; answers its digest. */
export async function push(app: App, to: TestPackage, content: Uint8Array): Promise<string> {
  const digest = digestOf(content)
  async function* body() {
    yield content
  }
  await uploadBlob(app, operator, to.ref, { digest, body: body() })
  return digest
}

/** Publishes a release of blobs that the package has; answers its version, which is its digest. */
export async function publish(
  app: App,
  to: TestPackage,
  content: readonly Uint8Array[],
  tags: readonly string[] = [],
): Promise<string> {
  const bytes = new TextEncoder().encode(
    JSON.stringify({ layers: content.map((c) => digestOf(c)) }),
  )
  const digest = digestOf(bytes)
  const mediaType = 'application/octet-stream'
  await publishRelease(app, operator, to.ref, {
    version: digest,
    bytes,
    digest,
    mediaType,
    kind: '',
    metadata: {},
    files: content.map((c) => ({ role: 'layer', digest: digestOf(c), mediaType, size: c.length })),
    tags,
  })
  return digest
}

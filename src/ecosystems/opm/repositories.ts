import type { Context } from 'hono'
import { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import type { Labels } from '#core/namespaces/labels.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import {
  describePackage,
  listProjectPackages,
  type PackageDescription,
} from '#core/packages/describe-packages.ts'
import { getReadablePackage, type PackageRef } from '#core/packages/package.ts'
import { savePackage } from '#core/packages/save-package.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendDocument, sendDone } from './answers.ts'
import { describeContent, ecosystemOf } from './content-types.ts'
import { ANY_CONTENT, packageRef, repositoryName, splitRepository } from './name.ts'
import { activeNamespace } from './namespaces.ts'
import { visibleProject } from './projects.ts'
import { type ListRequest, labelPair, listRequest, param, readDocument } from './request.ts'

/** The one provider label that means something: see core/releases/set-tag.ts. */
const IMMUTABLE_TAGS = 'immutableTags'

const createSchema = z.strictObject({
  labels: labelPair.optional(),
  type: z
    .string()
    .max(128)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u)
    .optional(),
})

/** GET …/repositories: those that the caller may read. */
export async function readRepositories(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const namespace = await activeNamespace(c)
  const project = await visibleProject(c, namespace)
  const request = listRequest(c)
  const { limit } = request
  const found = await listProjectPackages(app, actor, project.id, {
    ...filterOf(request),
    limit: limit + 1,
    after:
      request.after === undefined ? undefined : splitRepository(app, project.name, request.after),
  })
  const place = { namespace: namespace.name, project: project.name }
  const repositories = found.slice(0, limit).map((one) => ({
    ...view(c, place, one),
    labels: { consumer: one.consumerLabels, provider: providerLabels(one) },
  }))
  return sendDocument(c, {
    kind: 'repository',
    form: 'list',
    body: { repositories },
    next: found.length > limit ? repositories.at(-1)?.name : undefined,
    limit,
  })
}

/** GET …/repositories/{repository}; its labels are one flat map here, as upstream has it. */
export async function readRepository(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const ref = await repositoryRef(c)
  const { id } = await getReadablePackage(app, actor, ref)
  const found = await describePackage(app, id)
  const labels = { ...found.consumerLabels, ...providerLabels(found) }
  const place = { namespace: ref.namespace, project: param(c, 'project') }
  return sendDocument(c, { kind: 'repository', body: { ...view(c, place, found), labels } })
}

/** PUT …/repositories/{repository}: a package that can be pushed to at once. */
export async function writeRepository(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const namespace = await activeNamespace(c)
  const project = await visibleProject(c, namespace)
  const wish = await readDocument(c, 'repository', createSchema)
  const ref = await repositoryRef(c)
  if (wish.type !== undefined) checkEcosystem(c, ref, wish.type)
  const { [IMMUTABLE_TAGS]: immutable, ...provider } = wish.labels?.provider ?? {}
  const saved = await savePackage(
    app,
    actor,
    { ...ref, project: project.name },
    {
      contentType: wish.type,
      consumerLabels: wish.labels?.consumer,
      ...(wish.labels?.provider && {
        providerLabels: provider,
        immutableTags: immutable === 'true',
      }),
    },
  )
  return sendDone(c, saved)
}

/** DELETE …/repositories/{repository}: with its tags and releases. */
export async function removeRepository(c: Context<Env>): Promise<Response> {
  await deletePackage(c.var.app, c.var.actor, await repositoryRef(c))
  return sendDone(c)
}

/** Which package the path means. */
export async function repositoryRef(c: Context<Env>): Promise<PackageRef> {
  const { name: namespace } = await activeNamespace(c)
  const [project, repository] = [param(c, 'project'), param(c, 'repository')]
  return packageRef(c.var.app, { namespace, project, repository })
}

/** Content of an ecosystem of its own lives under that ecosystem's names. */
function checkEcosystem(c: Context<Env>, ref: PackageRef, type: string): void {
  const { app } = c.var
  const ecosystem = ecosystemOf(app, type)
  if (ecosystem === ref.ecosystem) return
  const place =
    ecosystem === ANY_CONTENT
      ? `a project that is not called ${ref.ecosystem}`
      : `the project ${ecosystem}, as /namespaces/${ref.namespace}/projects/${ecosystem}/repositories/${ref.name}`
  throw new RegistryError('unprocessable', `repositories of type ${type} belong in ${place}`, {
    details: { ecosystem },
  })
}

/** Whether tags are immutable is a column, and only looks like a label. */
function filterOf({ labels }: ListRequest) {
  const isFlag = ({ key, value = 'true' }: { key: string; value?: string }) =>
    key === IMMUTABLE_TAGS && value === 'true'
  return {
    labels: labels.filter((label) => !isFlag(label)),
    isImmutable: labels.some(isFlag),
  }
}

function providerLabels(found: PackageDescription): Labels {
  return found.immutableTags
    ? { ...found.providerLabels, [IMMUTABLE_TAGS]: 'true' }
    : found.providerLabels
}

function view(
  c: Context<Env>,
  { namespace, project }: { namespace: string; project: string },
  found: PackageDescription,
) {
  const { app } = c.var
  return {
    name: repositoryName(app, project, found),
    namespace,
    project,
    size: found.size,
    package: describeContent(app, found),
  }
}

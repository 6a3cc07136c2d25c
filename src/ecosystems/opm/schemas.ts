/** A JSON schema, draft-07. */
export type JsonSchema = Readonly<Record<string, unknown>>

const NAME = { type: 'string', minLength: 1 }
const LABELS = { type: 'object', additionalProperties: { type: 'string' } }
const LABEL_PAIR = object({ consumer: LABELS, provider: LABELS })
/** Upstream says 2^64, off by one; what JavaScript can count is told. */
const COUNT = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const QUOTA = object({ limit: COUNT, used: COUNT })

const CONTENT = object({
  type: { type: 'string' },
  documentation: { type: 'string', format: 'uri' },
  icon: { type: 'string', format: 'uri' },
})

/** OCI's; upstream lets it have more properties. */
const DESCRIPTOR: JsonSchema = {
  type: 'object',
  required: ['size', 'mediaType', 'digest'],
  properties: {
    mediaType: {
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$',
    },
    size: COUNT,
    digest: {
      type: 'string',
      allOf: [
        { pattern: '^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$' },
        { pattern: '^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$' },
      ],
    },
    urls: { type: 'array', items: { type: 'string', format: 'uri' } },
  },
}

const NAMESPACE = object({
  name: NAME,
  status: { enum: ['active', 'terminating'] },
  labels: LABEL_PAIR,
  quotas: object({ projects: QUOTA, repositories: QUOTA, storage: QUOTA }),
})
const PROJECT = object({ name: NAME, namespace: NAME, repositories: COUNT, labels: LABEL_PAIR })
const REPOSITORY = repository(LABELS)
const TAG = object({
  name: NAME,
  namespace: NAME,
  project: NAME,
  repository: NAME,
  manifest: DESCRIPTOR,
})

/** Every document of the protocol, restated from upstream's own schemas; by kind. */
export const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  namespace: schema('namespace', NAMESPACE),
  'namespace-create': schema(
    'namespace-create',
    object({ labels: LABELS, repoLimit: COUNT, storageLimit: COUNT }),
  ),
  'namespace-list': schema('namespace-list', list('namespaces', NAMESPACE)),
  project: schema('project', PROJECT),
  'project-create': schema('project-create', object({ labels: LABEL_PAIR })),
  'project-list': schema('project-list', list('projects', PROJECT)),
  repository: schema('repository', REPOSITORY),
  'repository-create': schema(
    'repository-create',
    object({ labels: LABEL_PAIR, type: { type: 'string' } }),
  ),
  'repository-list': schema(
    'repository-list',
    list('repositories', repository({ type: 'object' })),
  ),
  tag: schema('tag', TAG),
  'tag-create': schema('tag-create', object({ manifest: DESCRIPTOR })),
  'tag-list': schema('tag-list', list('tags', TAG)),
}

function schema(kind: string, body: JsonSchema): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: `https://openpackages.io/schema/${kind}`,
    ...body,
  }
}

function object(properties: Readonly<Record<string, unknown>>): JsonSchema {
  return { type: 'object', properties, additionalProperties: false }
}

function list(name: string, item: JsonSchema): JsonSchema {
  return object({ [name]: { type: 'array', items: item } })
}

/** One repository has its labels flat, one in a list in any shape. */
function repository(labels: JsonSchema): JsonSchema {
  return object({
    name: NAME,
    namespace: NAME,
    project: NAME,
    size: COUNT,
    labels,
    package: CONTENT,
  })
}

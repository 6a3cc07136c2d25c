import { emptyApi, mountEndpoints } from './endpoints.ts'
import type { Api } from './env.ts'

/** The OpenAPI document, as its generator types it. */
export type OpenApiDocument = ReturnType<Api['getOpenAPI31Document']>

const DESCRIPTION = `Everything about a registry that no package manager's own protocol covers: accounts, tokens,
namespaces and their members, packages, the audit, background jobs.

Show a token as \`Authorization: Bearer TOKEN\`, or with its owner's name as Basic. Without one you are
anonymous and see what is public. What you may not see does not exist: the answer is 404.

Failures are problem details (RFC 9457); decide by their \`code\`, which never changes. Lists come in
pages of \`items\`; while there is a \`next\`, send it as \`after\` (or follow the Link header).`

const TAGS = [
  { name: 'Accounts', description: 'People, and who you are' },
  { name: 'Tokens', description: 'Credentials of users and robots' },
  { name: 'Namespaces', description: 'Who owns names, and their members' },
  { name: 'Packages', description: 'What was published, in any ecosystem' },
  { name: 'Advisories', description: 'Known vulnerabilities, in the format of OSV' },
  { name: 'Webhooks', description: 'Servers that are told what happens to packages' },
  { name: 'Audit', description: 'Who did what' },
  { name: 'Operating', description: 'For the staff of the instance' },
]

/** The description of the management API, made of its routes. */
export function openApiDocument(publicUrl = 'http://127.0.0.1:7080'): OpenApiDocument {
  const api = emptyApi()
  mountEndpoints(api)
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
  })
  api.openAPIRegistry.registerComponent('securitySchemes', 'basic', {
    type: 'http',
    scheme: 'basic',
  })
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Entrepot management API', version: '1', description: DESCRIPTION },
    servers: [{ url: publicUrl }],
    security: [{}, { token: [] }, { basic: [] }],
    tags: TAGS,
  })
}

/** The document as it is written to docs/openapi.json. */
export function openApiJson(): string {
  return `${JSON.stringify(openApiDocument(), undefined, 2)}\n`
}

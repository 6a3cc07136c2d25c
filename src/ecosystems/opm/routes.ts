import { type Context, Hono } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBlob, writeBlob } from './blobs.ts'
import { checkAccept, type Form, type Kind } from './media-types.ts'
import { readNamespace, readNamespaces, removeNamespace, writeNamespace } from './namespaces.ts'
import { readProject, readProjects, removeProject, writeProject } from './projects.ts'
import {
  readRepositories,
  readRepository,
  removeRepository,
  writeRepository,
} from './repositories.ts'
import { SCHEMAS } from './schemas.ts'
import { readTag, readTags, removeTag, writeTag } from './tags.ts'
import { wellKnownOpm } from './well-known.ts'

type Handler = (c: Context<Env>) => Response | Promise<Response>
type Methods = Readonly<Partial<Record<'GET' | 'PUT' | 'DELETE', Handler>>>

/** The words of the seed's early draft mean the same. */
const REPOSITORIES = ':repositories{repositories|repos}'
const TAGS = ':tags{tags|packages}'

const NAMESPACE = '/namespaces/:namespace'
const PROJECT = `${NAMESPACE}/projects/:project`
const REPOSITORY = `${PROJECT}/${REPOSITORIES}/:repository`
const TAG = `${REPOSITORY}/${TAGS}/:tag`

/** Every path and what may be done there; HEAD goes with GET. */
const ROUTES: Readonly<Record<string, Methods>> = {
  '/': { GET: (c) => Response.json(wellKnownOpm(c.var.app)) },
  '/schemas/:schema': { GET: readSchema },
  '/blobs/:digest': { GET: readBlob, PUT: writeBlob },
  '/namespaces': { GET: document('namespace', 'list', readNamespaces) },
  [NAMESPACE]: {
    GET: document('namespace', '', readNamespace),
    PUT: writeNamespace,
    DELETE: removeNamespace,
  },
  [`${NAMESPACE}/projects`]: { GET: document('project', 'list', readProjects) },
  [PROJECT]: {
    GET: document('project', '', readProject),
    PUT: writeProject,
    DELETE: removeProject,
  },
  [`${PROJECT}/${REPOSITORIES}`]: { GET: document('repository', 'list', readRepositories) },
  [REPOSITORY]: {
    GET: document('repository', '', readRepository),
    PUT: writeRepository,
    DELETE: removeRepository,
  },
  [`${REPOSITORY}/${TAGS}`]: { GET: document('tag', 'list', readTags) },
  [TAG]: { GET: document('tag', '', readTag), PUT: writeTag, DELETE: removeTag },
}

/** All of OPM's REST interface. */
export function routes(): Hono<Env> {
  const app = new Hono<Env>()
  for (const [path, methods] of Object.entries(ROUTES)) {
    for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler)
    const allow = Object.keys(methods).flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one]))
    app.all(path, () => {
      throw new RegistryError('method_not_allowed', `here only ${allow.join(', ')}`, {
        details: { allow: allow.join(', ') },
      })
    })
  }
  return app
}

/** A read of such a document, for those who accept it. */
function document(kind: Kind, form: Form, handler: Handler): Handler {
  return (c) => {
    checkAccept(c.req.header('accept') ?? null, kind, form)
    return handler(c)
  }
}

/** GET /schemas/{kind}: what our documents are, for those who check them. */
function readSchema(c: Context<Env>): Response {
  const schema = SCHEMAS[c.req.param('schema') ?? '']
  if (!schema) throw new RegistryError('not_found', `schemas: ${Object.keys(SCHEMAS).join(', ')}`)
  return new Response(JSON.stringify(schema), {
    headers: {
      'content-type': 'application/schema+json',
      'cache-control': 'public, max-age=86400',
    },
  })
}

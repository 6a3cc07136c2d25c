import type { Context, Hono } from 'hono'
import { z } from 'zod'
import type { Actor } from '#core/access/actor.ts'
import { authenticate } from '#core/accounts/authenticate.ts'
import { RegistryError } from '#core/errors.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { deleteIdentityUser, readIdentityUser, writeIdentityUser } from './identity-user.ts'
import { readIdentityUsers } from './identity-users.ts'
import { whyNoAuthor } from './name.ts'
import { GREN_ROLES } from './roles.ts'

const MAX_BODY_BYTES = 64 * 1024
/** Word by word what upstream answers; it has one text for a session and for a name. */
const MISSING = 'Request json must contain a non-empty `session` and `name` field.'
const INVALID = 'Invalid session token.'

/** Other first parts of paths, at the root of Gren's own host. */
const RESERVED: ReadonlySet<string> = new Set([
  'advisories',
  'feed',
  'git',
  'health',
  'package',
  'publishing-identity',
  'search',
  'session',
  'user',
  'users',
])

const identityBody = z.object({ name: z.string().min(1), session: z.string().min(1).optional() })

const IDENTITY = '/publishing-identity/:id'
const USER = `${IDENTITY}/users/:email`

/** Publishing identities, which are namespaces, and who may do what in them. */
export function identityRoutes(routes: Hono<Env>): void {
  routes.post('/publishing-identity', createIdentity)
  routes.all('/publishing-identity', () => plain(404, 'not found'))
  routes.get(IDENTITY, readIdentity)
  routes.all(IDENTITY, refuseMethod('GET, HEAD'))
  routes.get(`${IDENTITY}/users`, readIdentityUsers)
  routes.all(`${IDENTITY}/users`, refuseMethod('GET, HEAD'))
  routes.get(USER, readIdentityUser)
  routes.put(USER, writeIdentityUser)
  routes.delete(USER, deleteIdentityUser)
  routes.all(USER, refuseMethod('GET, HEAD, PUT, DELETE'))
}

/** POST /publishing-identity `{"session","name"}`: first come, first served; 200 with nothing in it. */
async function createIdentity(c: Context<Env>): Promise<Response> {
  const wanted = await readWanted(c)
  if (!wanted) return plain(400, MISSING)
  try {
    const actor = await identifyBody(c, wanted.session)
    if (!actor) return plain(400, MISSING)
    const problem = whyNoIdentity(wanted.name)
    if (problem !== undefined) return plain(400, problem)
    await createNamespace(c.var.app, actor, { name: wanted.name })
    return new Response(null, { status: 200 })
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    if (error.code === 'credential_invalid' || error.code === 'name_taken') {
      return plain(400, INVALID)
    }
    if (error.code === 'name_invalid') return plain(400, error.message)
    throw error
  }
}

/** GET /publishing-identity/{id}: that it exists is public; what it is to the one who asks is theirs. */
async function readIdentity(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const { id, name, createdAt } = await getNamespace(app.database.db, c.req.param('id') ?? '')
  const role = actor.onlyNamespaces?.has(id) === false ? undefined : actor.roles.get(id)
  return c.json({
    name,
    createdAt: new Date(createdAt).toISOString(),
    ...(role && { role: GREN_ROLES[role] }),
  })
}

async function readWanted(c: Context<Env>): Promise<z.infer<typeof identityBody> | undefined> {
  const bytes = await readBody(c.req.raw, MAX_BODY_BYTES)
  try {
    return identityBody.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data
  } catch {
    return undefined
  }
}

/** Whose session the body holds; without one, who asked as everywhere else. */
async function identifyBody(c: Context<Env>, session?: string): Promise<Actor | undefined> {
  const { app, actor } = c.var
  if (session === undefined) return actor.kind === 'anonymous' ? undefined : actor
  const { address, requestId } = actor
  return await authenticate(app, { secret: session }, { address, requestId })
}

function whyNoIdentity(name: string): string | undefined {
  const problem = whyNoAuthor(name)
  if (problem !== undefined) return `${name.slice(0, 100)} is no publishing identity: ${problem}`
  return RESERVED.has(name.toLowerCase()) ? `the name ${name} is reserved` : undefined
}

function plain(status: 400 | 404, text: string): Response {
  return new Response(text, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
}

function refuseMethod(allow: string) {
  return () => {
    throw new RegistryError('method_not_allowed', `here only ${allow}`, { details: { allow } })
  }
}

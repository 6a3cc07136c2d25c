import { type Context, Hono } from 'hono'
import { RegistryError } from '#core/errors.ts'
import { openIndexArchive } from '#core/index/index-archive.ts'
import { INDEX_REF, openIndexRepository } from '#core/index/index-repository.ts'
import { getIndexed, indexTopic } from '#core/index/index-state.ts'
import { readIndexFile } from '#core/index/read-index-file.ts'
import type { Env } from './contract.ts'
import { dumbGitRoutes } from './git-dumb-http.ts'
import { gitHttpRoutes } from './git-http.ts'
import type { ServedRepository } from './git-refs.ts'
import { sendHot } from './hot-answer.ts'

const GIT = '/index.git'
const ARCHIVE = '/index.tar.gz'
const FILES = '/index/'

/**
 * The index of an ecosystem in all its forms: `/index.git` (smart and dumb HTTP), `/index.tar.gz` and
 * the files below `/index/`. An ecosystem with `index` rules mounts these among its own routes.
 */
export function indexRoutes(id: string): Hono<Env> {
  const routes = new Hono<Env>()
  const find = (c: Context<Env>) => findRepository(c, id)
  routes.route('/', dumbGitRoutes(GIT, find))
  routes.route('/', gitHttpRoutes(GIT, find))
  routes.get(ARCHIVE, (c) => sendArchive(c, id))
  routes.get(`${FILES}*`, (c) => sendFile(c, id))
  for (const path of [ARCHIVE, `${FILES}*`]) {
    routes.all(path, () => {
      const details = { allow: 'GET, HEAD' }
      throw new RegistryError('method_not_allowed', 'here only GET, HEAD', { details })
    })
  }
  return routes
}

/** Where clients find an index. */
export function indexAddresses(publicUrl: string, id: string) {
  const base = `${publicUrl}/${id}`
  return { git: base + GIT, archive: base + ARCHIVE, files: base + FILES }
}

async function findRepository(c: Context<Env>, id: string): Promise<ServedRepository> {
  const { app } = c.var
  const { name, head } = await openIndexRepository(app, getIndexed(app, id))
  return { name, head: INDEX_REF, refs: [{ name: INDEX_REF, object: head }] }
}

async function sendArchive(c: Context<Env>, id: string): Promise<Response> {
  const { app } = c.var
  const { bytes } = await openIndexArchive(app, getIndexed(app, id))
  return sendHot(c, {
    topics: [indexTopic(id)],
    headers: {
      'content-type': 'application/gzip',
      'content-disposition': `attachment; filename="${id}-index.tar.gz"`,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    },
    body: bytes,
    isPublic: true,
  })
}

async function sendFile(c: Context<Env>, id: string): Promise<Response> {
  const { app } = c.var
  const { pathname } = new URL(c.req.url)
  // As it came: index paths need no escapes, and what has some is not there.
  const path = pathname.slice(pathname.indexOf(FILES) + FILES.length)
  const { text, topics } = await readIndexFile(app, getIndexed(app, id), path)
  return sendHot(c, {
    topics,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    },
    body: new TextEncoder().encode(text),
    isPublic: true,
  })
}

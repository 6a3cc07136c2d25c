import { type Context, Hono, type Next } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { PackFile } from '#core/git/git.ts'
import { fileResponse } from '#runtime/file-response.ts'
import type { Env } from './contract.ts'
import { renderGitError } from './git-http.ts'
import type { ServedRepository } from './git-refs.ts'

/** Finds the repository that a path means; throws what who asks is to hear. */
type FindRepository = (c: Context<Env>) => Promise<ServedRepository>

const TEXT_TYPE = 'text/plain; charset=utf-8'

/**
 * A repository below `path` for clients without git's smart protocol: its refs and the files that its
 * objects are in. Mount it before `gitHttpRoutes`, which then answers the rest.
 */
export function dumbGitRoutes(path: string, find: FindRepository): Hono<Env> {
  const routes = new Hono<Env>()
  routes.get(`${path}/info/refs`, async (c, next) => await sendRefs(c, next, find))
  routes.get(`${path}/HEAD`, async (c) => sendText(`ref: ${(await find(c)).head}\n`))
  routes.get(`${path}/objects/info/packs`, async (c) => {
    const packs = (await packsOf(c, find)).filter(({ file }) => file.endsWith('.pack'))
    return sendText(`${packs.map(({ file }) => `P ${file}\n`).join('')}\n`)
  })
  routes.get(`${path}/objects/pack/:file`, async (c) => await sendPack(c, find))
  routes.onError(renderGitError)
  return routes
}

async function sendRefs(c: Context<Env>, next: Next, find: FindRepository): Promise<Response> {
  if (new URL(c.req.url).searchParams.has('service')) {
    await next()
    return c.res
  }
  const { refs } = await find(c)
  const sorted = refs.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return sendText(sorted.map(({ object, name }) => `${object}\t${name}\n`).join(''))
}

/** Only files that the repository is known to have: the path of no request becomes one on the disk. */
async function sendPack(c: Context<Env>, find: FindRepository): Promise<Response> {
  const wanted = c.req.param('file')
  const pack = (await packsOf(c, find)).find(({ file }) => file === wanted)
  if (!pack) throw new RegistryError('not_found', 'no such pack: ask for objects/info/packs again')
  const { file, path, size } = pack
  const headers = {
    'content-type': file.endsWith('.pack')
      ? 'application/x-git-packed-objects'
      : 'application/x-git-packed-objects-toc',
    // A pack is called by what is in it.
    etag: `"${file}"`,
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  }
  if (c.req.method === 'HEAD') {
    return new Response(null, { headers: { ...headers, 'content-length': String(size) } })
  }
  return fileResponse(path, { status: 200, headers, start: 0, end: size })
}

async function packsOf(c: Context<Env>, find: FindRepository): Promise<readonly PackFile[]> {
  const { name } = await find(c)
  return await c.var.app.git.listPacks(name)
}

function sendText(text: string): Response {
  return new Response(text, { headers: { 'content-type': TEXT_TYPE, 'cache-control': 'no-cache' } })
}

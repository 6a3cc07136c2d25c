import type { Context, Hono } from 'hono'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import {
  MAIN_BRANCH,
  openReleaseRepository,
  type ReleaseShape,
  type TaggedCommit,
  tagRef,
} from '#core/git/release-repository.ts'
import { updateRepositorySoon } from '#core/git/update-soon.ts'
import { getReadablePackage, type Package } from '#core/packages/package.ts'
import type { Env } from '#ecosystems/contract.ts'
import { gitHttpRoutes } from '#ecosystems/git-http.ts'
import type { ServedRepository, ShownRef } from '#ecosystems/git-refs.ts'
import { snapshot } from './git-snapshot.ts'
import { packageRef } from './name.ts'
import { compareVersions } from './version.ts'

/** With and without a word before it: `url.<base>.insteadOf` wants the plain one at the root. */
const PATHS = ['/git/:author/:project{[^/]+\\.git}', '/:author/:project{[^/]+\\.git}']
/** The released client reads 4,096 bytes of `git ls-remote --tags` and then fails. */
const MAX_LISTED_BYTES = 3_800
const MAX_LISTED_TAGS = 60
/** The id, a tab and the end of the line. */
const LINE_BYTES = 42

const shape: ReleaseShape = { compareVersions, snapshot }

/** Packages as git repositories, from which the released Gren client installs. */
export function gitRoutes(routes: Hono<Env>): void {
  for (const path of PATHS) routes.route('/', gitHttpRoutes(path, findRepository))
}

/** For the moment after a change: see `updateRepositorySoon`. */
export function updateGitSoon(app: App, from: Package): void {
  updateRepositorySoon(app, from, shape)
}

async function findRepository(c: Context<Env>): Promise<ServedRepository> {
  const { app } = c.var
  const { name, tags } = await openReleaseRepository(app, await readable(c), shape)
  const main = tags.at(-1)
  const branch = main ? [{ name: MAIN_BRANCH, object: main.commit }] : []
  return {
    name,
    head: MAIN_BRANCH,
    refs: [...branch, ...tags.map(shown)],
    shortList: [...branch, ...highest(tags).map(shown)],
  }
}

/** As many of the highest versions as the client can take. */
function highest(tags: readonly TaggedCommit[]): TaggedCommit[] {
  let bytes = 0
  const found: TaggedCommit[] = []
  for (const tag of tags.toReversed().slice(0, MAX_LISTED_TAGS)) {
    bytes += LINE_BYTES + tagRef(tag.version).length
    if (bytes > MAX_LISTED_BYTES) break
    found.push(tag)
  }
  return found
}

function shown({ version, commit }: TaggedCommit): ShownRef {
  return { name: tagRef(version), object: commit }
}

/**
 * Git shows its credential only when it is asked for one. So nobody in particular hears the same of
 * packages that are private and of those that do not exist.
 */
async function readable(c: Context<Env>): Promise<Package> {
  const { app, actor } = c.var
  const project = c.req.param('project') ?? ''
  const ref = packageRef(`${c.req.param('author')}/${project.slice(0, -'.git'.length)}`)
  try {
    return await getReadablePackage(app, actor, ref)
  } catch (error) {
    const isUnknown = error instanceof RegistryError && error.code === 'package_unknown'
    const isMoved = isUnknown && error.details.movedTo !== undefined
    if (!isUnknown || isMoved || actor.kind !== 'anonymous') throw error
    throw new RegistryError('unauthenticated', 'no such package, or one that needs a credential')
  }
}

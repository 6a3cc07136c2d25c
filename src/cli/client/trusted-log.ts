import { CliError } from '#cli/failure.ts'
import { note } from '#cli/output.ts'
import { openCheckpoint, parseHash } from '#core/log/checkpoint.ts'
import { isConsistent, type TreeHead } from '#core/log/merkle-verify.ts'
import { LogError, parseNote, parseVerifier, type Verifier } from '#core/log/note.ts'
import { parseProofFile } from '#core/log/proof-file.ts'
import { type Quorum, requireQuorum } from '#core/log/quorum.ts'
import { type DownloadedRelease, verifyRelease } from '#core/log/verify-release.ts'
import { type HomeFile, homePath, readHomeTable, writeHomeTable } from './home-files.ts'

/** A registry, as far as its log is concerned. */
export interface LogClient {
  readonly url: string
  /** The folder in the home folder that remembers logs: `.ori`. */
  readonly home: string
  /** Reads from a path below the `/log/` of the same registry, without the token. */
  log(path: string): Promise<Uint8Array>
}

/** What is remembered of a registry's log. */
interface PinnedLog {
  readonly key: string
  readonly pinnedAt: string
  /** The largest tree that was seen. */
  readonly seen: TreeHead | undefined
}

/** What has to be right about a proof. */
interface Demands {
  readonly proof: string
  readonly verifier: Verifier
  readonly quorum: Quorum | undefined
}

/** A proof, and what was given to check it with. */
interface ProofToCheck {
  readonly proof: string
  /** The log's key, from now on. */
  readonly givenKey?: string | undefined
  readonly quorum?: Quorum
}

/** The tree that has a release, and which of the wanted witnesses cosigned it. */
export interface ProvedTree extends TreeHead {
  readonly cosigned: readonly string[]
}

/**
 * Checks that the registry's log has a release, under the key that is pinned, given, or shown the
 * first time; and that the log only grew since it was seen last. Then remembers both.
 */
export async function verifyInLog(
  client: LogClient,
  release: DownloadedRelease,
  { proof, givenKey, quorum }: ProofToCheck,
): Promise<ProvedTree> {
  const pinned = await findPinned(client)
  const key = givenKey ?? pinned?.key ?? (await shownKey(client))
  const verifier = parseVerifier(key)
  const tree = checkProof(client, release, { proof, verifier, quorum })
  // Another name is another log: that was the person's own word.
  const isSameLog = pinned !== undefined && parseVerifier(pinned.key).name === verifier.name
  const seen = isSameLog ? pinned.seen : undefined
  if (seen) await checkGrowth(client, seen, tree)
  const largest = seen && seen.size > tree.size ? seen : tree
  const isNew = pinned?.key !== key
  const pinnedAt = isNew ? new Date().toISOString() : pinned.pinnedAt
  await pin(client, { key, pinnedAt, seen: largest })
  if (isNew) note(`${client.url}: from now on only this log key is believed: ${key}`)
  return tree
}

/** Each way to be wrong has its own sentence. */
function checkProof(
  { url, home }: LogClient,
  release: DownloadedRelease,
  { proof, verifier, quorum }: Demands,
): ProvedTree {
  const { name, keyId } = verifier
  const log = { origin: name, verifiers: [verifier] }
  const { checkpoint } = failingWith(`${url}: the log proof is damaged`, () =>
    parseProofFile(proof),
  )
  const damaged = `${url}: the log’s checkpoint is not what the log signed`
  const { signatures } = failingWith(damaged, () => parseNote(checkpoint))
  if (!signatures.some((one) => one.name === name && one.keyId === keyId)) {
    const signers = signatures.map((one) => `${one.name}+${one.keyId}`).join(', ')
    throw new CliError(
      `${url}: the log is signed with another key (${signers}) than the one that is believed (${name}+${keyId})`,
      `if its operator announced a new key, give that: --log-key KEY; known keys are in ${homePath(fileOf(home))}`,
    )
  }
  failingWith(damaged, () => openCheckpoint(checkpoint, name, [verifier]))
  const tree = failingWith(`${url}: the log proof is not right`, () =>
    verifyRelease(proof, release, log),
  )
  if (!quorum) return { ...tree, cosigned: [] }
  const unwitnessed = `${url}: the log is not cosigned as it should be`
  const hint = 'nothing was written; what was published a moment ago is cosigned in seconds'
  const cosigned = failingWith(unwitnessed, () => requireQuorum(checkpoint, quorum), hint)
  return { ...tree, cosigned }
}

async function checkGrowth(client: LogClient, seen: TreeHead, tree: TreeHead): Promise<void> {
  const [old, grown] = seen.size <= tree.size ? [seen, tree] : [tree, seen]
  const hashes = await growthProof(client, old.size, grown.size).catch((error: unknown) => {
    const why = error instanceof Error ? `: ${error.message}` : ''
    const message = `the log does not show that it only grew since it was last seen${why}`
    const hint = 'nothing was written; try again, and if it stays so, ask the registry’s operator'
    throw new CliError(message, hint, error)
  })
  const isGrown = failingWith(`${client.url}: the log cannot show that it only grew`, () =>
    isConsistent(old, grown, hashes.map(parseHash)),
  )
  if (isGrown) return
  const message = `${client.url}: the log is not the one that was seen before: entries were changed or taken out`
  throw new CliError(message, DISTRUST)
}

const DISTRUST =
  'nothing was written; do not trust this registry until its operator has explained it'

async function growthProof(client: LogClient, from: number, to: number): Promise<string[]> {
  if (from === to) return []
  const answer = await readJson(client, `proof/consistency?from=${from}&to=${to}`)
  const proof = answer.proof
  return Array.isArray(proof) ? proof.map(String) : []
}

/** Trust on first use. */
async function shownKey(client: LogClient): Promise<string> {
  const { verifierKeys } = await readJson(client, '')
  const key: unknown = Array.isArray(verifierKeys) ? verifierKeys[0] : undefined
  if (typeof key === 'string') return key
  throw new CliError(`${client.url} does not show its log’s key`, 'give it: --log-key KEY')
}

async function readJson(client: LogClient, path: string): Promise<Record<string, unknown>> {
  const bytes = await client.log(path)
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    throw new CliError(`${client.url}: its /log/ does not answer JSON`, DISTRUST, error)
  }
}

async function findPinned({ url, home }: LogClient): Promise<PinnedLog | undefined> {
  const entry = (await readHomeTable(fileOf(home)))[url]
  if (entry === undefined) return undefined
  const { key, pinned_at: pinnedAt, size, root } = entry
  try {
    const text = parseVerifier(String(key)).text
    const isSeen = typeof size === 'number' && typeof root === 'string'
    const seen = isSeen ? { size, root: parseHash(root) } : undefined
    return { key: text, pinnedAt: String(pinnedAt), seen }
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    const hint = 'correct or take out what it says of this registry'
    throw new CliError(`${homePath(fileOf(home))} is damaged: ${error.message}`, hint, error)
  }
}

async function pin({ url, home }: LogClient, { key, pinnedAt, seen }: PinnedLog): Promise<void> {
  const head = seen && { size: seen.size, root: Buffer.from(seen.root).toString('base64') }
  await writeHomeTable(fileOf(home), [url, { key, pinned_at: pinnedAt, ...head }])
}

function failingWith<T>(sentence: string, work: () => T, hint = DISTRUST): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    throw new CliError(`${sentence}: ${error.message}`, hint, error)
  }
}

function fileOf(home: string): HomeFile {
  return { path: `${home}/log-keys.toml`, table: 'logs' }
}

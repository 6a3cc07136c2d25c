import { RefusedError } from '#cli/client/answers.ts'
import { verifyInLog } from '#cli/client/trusted-log.ts'
import { CliError } from '#cli/failure.ts'
import { startProgress } from '#cli/progress.ts'
import { digestOf, parseDigest } from '#core/blobs/digest.ts'
import type { Quorum } from '#core/log/quorum.ts'
import { formatName, parseName } from '#ecosystems/gren/name.ts'
import type { Release } from './bundles.ts'
import { type GrenClient, packagePath } from './client.ts'

/** How the log is to be believed. */
export interface LogTrust {
  /** The log's key, if it was given. */
  readonly logKey: string | undefined
  readonly quorum: Quorum
}

/** Downloads a bundle, and gives it back only when the registry's log has just these bytes. */
export async function downloadBundle(
  client: GrenClient,
  { name, version, by }: Release & { readonly by: string },
  { logKey: givenKey, quorum }: LogTrust,
): Promise<Uint8Array> {
  const path = `${packagePath(name, version)}/bundle`
  const progress = startProgress(`downloading ${name} ${version}`)
  const { bytes, headers } = await naming({ name, version, by }, () =>
    client.get(path, (done, total) =>
      progress.update({ done, ...(total !== undefined && { total }) }),
    ),
  ).finally(() => progress.clear())
  const digest = digestOf(bytes)
  checkStated(`${client.url}: the bundle of ${name} ${version}`, headers, digest)
  const proof = Buffer.from((await client.get(`${path}.tlog-proof`)).bytes).toString()
  const release = { ecosystem: 'gren', name: formatName(parseName(name)), version, digest }
  await verifyInLog(client, release, { proof, givenKey, quorum })
  return bytes
}

/** Says whose dependency it was that could not be had. */
async function naming<T>(
  { name, version, by }: Release & { readonly by: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    const message = `${error.message}\n  ${name} ${version} is needed by ${by}`
    throw new CliError(message, error.hint, error)
  }
}

/** What was damaged on the way is told apart from what the log does not have. */
function checkStated(what: string, headers: Headers, digest: string): void {
  const stated = /(?:^|,)\s*sha-256=([A-Za-z0-9+/=]+)/.exec(headers.get('digest') ?? '')?.[1]
  if (stated === undefined) return
  const received = Buffer.from(parseDigest(digest).hex, 'hex').toString('base64')
  if (stated === received) return
  const hint = 'nothing was written; try again, and if it stays so, tell the registry’s operator'
  const message = `${what} was changed: it should be sha-256=${stated} and is sha-256=${received}`
  throw new CliError(message, hint)
}

import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { printable } from '#cli/client/printable.ts'
import { CliError } from '#cli/failure.ts'
import { logKeyValue } from '#cli/option-values.ts'
import { downloadRelease, newestVersion, readMetadata } from '#cli/ori/download-release.ts'
import { findLock, getLock } from '#cli/ori/locks.ts'
import { clientOf, oriCommand, type PackageSpec, packageValue } from '#cli/ori/ori-command.ts'
import { note, printOutcome } from '#cli/output.ts'
import { addWitnessOptions, quorumOf, type WitnessOptions } from '#cli/witness-options.ts'
import { LOCK_FILE } from '#ecosystems/ori/lock.ts'

interface Options extends WitnessOptions {
  readonly output?: string
  readonly lock?: string
  readonly logKey?: string
}

/** `ori download`. */
export function oriDownload(): Command {
  const command = oriCommand({
    name: 'download',
    description: 'Download an archive; it is written only when checksum and log proof are right',
    examples: [
      'ori download @acme/json',
      'ori download @acme/json@1.0.0 --output json.oripk',
      'ori download @acme/json@1.0.0 --lock ../app/oripk.lock',
    ],
  })
    .argument('<package>', '@scope/name, with @version for another than the newest', packageValue)
    .option('--output <file>', 'where to; scope-name-version.oripk unless set')
    .option('--lock <file>', 'what it must agree with (default: oripk.lock, if it is here)')
    .option('--log-key <key>', 'the verifier key of the registry’s log, from now on', logKeyValue)
  return addWitnessOptions(command).action(
    async ({ name, version: wanted }: PackageSpec, options: Options, command: Command) => {
      const { lock, logKey, output } = options
      const quorum = quorumOf(options)
      const entries = lock === undefined ? await findLock(LOCK_FILE) : await getLock(lock)
      const client = await clientOf(command, { name })
      const version = wanted ?? (await newestVersion(client, name))
      const locked = entries?.find((one) => one.name === name && one.version === version)?.checksum
      const { checksum, yanked, deprecated } = await readMetadata(client, { name, version })
      if (deprecated) {
        note(`warning: ${name} ${version} is deprecated: ${printable(deprecated.message)}`)
      }
      if (yanked) tellYanked(`${name} ${version}`, locked !== undefined)
      const expected = { checksum, locked, logKey, quorum }
      const { bytes, tree } = await downloadRelease(client, { name, version }, expected)
      const file = output ?? `${name.slice(1).replace('/', '-')}-${version}.oripk`
      await writeWhole(file, bytes)
      const { size: logSize, cosigned } = tree
      const by = cosigned.length > 0 ? `, cosigned by ${cosigned.join(' and ')}` : ''
      const right = `${file}: ${name} ${version}, checksum and log proof are right${by}`
      const value = { name, version, checksum, file, logSize, cosigned }
      printOutcome(command, `${right}\n${checksum}`, value)
    },
  )
}

/** New use of what was yanked is not wanted; who has it locked shall have it. */
function tellYanked(release: string, isLocked: boolean): void {
  if (isLocked) note(`warning: ${release} is yanked; it is in the lock`)
  else {
    const hint = 'use another version; a project that has it in its lock gets it: --lock FILE'
    throw new CliError(`${release} is yanked`, hint)
  }
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const draft = `${file}.${randomUUID()}.tmp`
  try {
    await writeFile(draft, bytes, { flag: 'wx' })
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw new CliError(`cannot write ${file}`, 'name another: --output FILE', error)
  }
}

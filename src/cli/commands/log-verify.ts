import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { CliError } from '#cli/failure.ts'
import { plural, printOutcome } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'
import { addWitnessOptions, quorumOf, readKey, type WitnessOptions } from '#cli/witness-options.ts'
import { auditLog } from '#core/log/audit-log.ts'
import { openCheckpoint, readCheckpoint } from '#core/log/checkpoint.ts'
import { LogError, parseVerifier } from '#core/log/note.ts'
import type { Quorum } from '#core/log/quorum.ts'

interface Options extends WitnessOptions {
  readonly key?: string
  readonly remember?: string
}

/** What one audit leaves for the next. */
interface Memory {
  readonly key: string
  readonly checkpoint: string
}

/** `log verify`. */
export function logVerify(): Command {
  const command = newCommand({
    name: 'verify',
    description: 'Audit the log of any registry from outside; exit code 1 when anything is wrong',
    examples: [
      'log verify https://registry.example.org',
      'log verify https://registry.example.org --remember registry.checkpoint',
      'log verify https://registry.example.org --witness witness.example.org+1c2d3e4f+BK…',
    ],
  })
    .argument('<url>', 'address of the registry')
    .option(
      '--key <key>',
      'the log’s verifier key; without it, the one remembered, or its own word',
    )
    .option('--remember <file>', 'compare with the checkpoint in this file, and keep the new one')
  return addWitnessOptions(command).action(
    async (url: string, options: Options, command: Command) => {
      const { key, remember } = options
      const quorum = quorumOf(options)
      const memory = remember === undefined ? undefined : readMemory(remember)
      const base = `${url.replace(/\/+$/, '').replace(/\/log$/, '')}/log/`
      const audited = await audit(base, { key: key ?? memory?.key, memory, quorum })
      if (remember !== undefined) writeFileSync(remember, JSON.stringify(audited.memory, null, 2))
      const records = plural(audited.size, 'record')
      const cosigned = audited.cosigned.map(({ name, size }) => `${name} cosigned ${size} of them.`)
      const right = `${audited.origin}: ${records}, every tile and the signed root are right.`
      const sentence = [right, ...cosigned].join(' ')
      const { size } = audited
      printOutcome(command, sentence, { ...audited.memory, size, cosigned: audited.cosigned })
    },
  )
}

/** What is known of the log beforehand. */
interface Known {
  readonly key: string | undefined
  readonly memory: Memory | undefined
  readonly quorum: Quorum
}

async function audit(base: string, { key: knownKey, memory, quorum }: Known) {
  const get = (path: string) => download(base, path)
  const progress = startProgress('auditing')
  try {
    const key = knownKey ?? (await ownKey(get))
    const verifier = readKey(key, parseVerifier)
    const { tree, note, cosigned } = await auditLog({
      get,
      origin: memory ? readCheckpoint(memory.checkpoint).origin : verifier.name,
      verifiers: [verifier],
      remembered: memory?.checkpoint,
      ...quorum,
      onProgress: (done, total) => progress.update({ done, total }),
    })
    return {
      size: tree.size,
      origin: tree.origin,
      memory: { key, checkpoint: note },
      cosigned: quorum.witnesses.flatMap(({ name }, at) => {
        const size = cosigned[at]
        return size === undefined ? [] : [{ name, size }]
      }),
    }
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    const hint = 'do not trust this registry until its operator has explained it'
    throw new CliError(`the log is wrong: ${error.message}`, hint, error)
  } finally {
    progress.clear()
  }
}

async function download(base: string, path: string): Promise<Uint8Array> {
  const response = await fetch(`${base}${path}`, { headers: { accept: '*/*' } }).catch(
    (error: unknown) => {
      throw new CliError(`${base} does not answer`, 'is the address right?', error)
    },
  )
  if (response.ok) return new Uint8Array(await response.arrayBuffer())
  const hint = 'a whole log answers to all that its checkpoint tells of'
  throw new CliError(`${base}${path}: status ${response.status}`, hint)
}

/** Trust on first use: good for what comes later. */
async function ownKey(get: (path: string) => Promise<Uint8Array>): Promise<string> {
  const about: unknown = JSON.parse(Buffer.from(await get('')).toString())
  if (typeof about === 'object' && about !== null && 'verifierKeys' in about) {
    const { verifierKeys } = about
    if (Array.isArray(verifierKeys) && typeof verifierKeys[0] === 'string') return verifierKeys[0]
  }
  throw new LogError('it does not say with which key it is signed')
}

/** Anything wrong with the file is no fault of the registry’s. */
function readMemory(path: string): Memory | undefined {
  if (!existsSync(path)) return undefined
  try {
    const memory = parseMemory(readFileSync(path, 'utf8'))
    const { origin } = readCheckpoint(memory.checkpoint)
    openCheckpoint(memory.checkpoint, origin, [parseVerifier(memory.key)])
    return memory
  } catch (error) {
    if (!(error instanceof LogError || error instanceof SyntaxError)) throw error
    const hint = 'the registry was not asked: restore the file, or name a new one and trust anew'
    throw new CliError(`${path} is not what an audit left: it is damaged`, hint, error)
  }
}

function parseMemory(text: string): Memory {
  const memory: unknown = JSON.parse(text)
  if (typeof memory === 'object' && memory !== null && 'key' in memory && 'checkpoint' in memory) {
    const { key, checkpoint } = memory
    if (typeof key === 'string' && typeof checkpoint === 'string') return { key, checkpoint }
  }
  throw new LogError('it has no key and checkpoint')
}

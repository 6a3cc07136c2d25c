import { RegistryError } from '#core/errors.ts'
import type { RunningGit } from './git-processes.ts'

type OnDamage = (stderr: string) => void

/** Read ahead for a slow client, so that most packs need no process any more while they are sent. */
const READ_AHEAD_BYTES = 1024 * 1024
/** A client that takes nothing for so long has gone. */
const STALL_MS = 60_000
/** What git says when the repository is at fault, and not what was asked for. */
const DAMAGE =
  /missing|corrupt|bad object|bad pack|unable to (read|find)|cannot open|packfile|pack-objects|a git repository/i

/**
 * What the process says, as it is read. Throws when it ends without a word. The process ends when
 * nobody reads on; `onDamage` hears what it complained about when that was the repository.
 */
export async function uploadPackStream(
  running: RunningGit,
  signal: AbortSignal,
  onDamage: OnDamage,
): Promise<ReadableStream<Uint8Array>> {
  const stop = () => running.kill()
  signal.addEventListener('abort', stop, { once: true })
  const letGo = () => signal.removeEventListener('abort', stop)
  running.ended.then(letGo, letGo)
  const chunks = running.stdout[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  const first = await nextOf(chunks)
  if (first === undefined) await endOf(running, signal, { onDamage, hasSpoken: false })
  const stall = setTimeout(stop, STALL_MS)
  running.ended.then(
    () => clearTimeout(stall),
    () => clearTimeout(stall),
  )
  let pending = first
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        stall.refresh()
        const chunk = pending ?? (await nextOf(chunks))
        pending = undefined
        if (chunk !== undefined) return controller.enqueue(chunk)
        await endOf(running, signal, { onDamage, hasSpoken: true })
        controller.close()
      },
      cancel: stop,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD_BYTES }),
  )
}

async function nextOf(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const next = await chunks.next()
    return next.done ? undefined : next.value
  } catch {
    // It was ended; how, its end tells.
    return undefined
  }
}

/**
 * Waits for the end; throws when a signal was it, or when nothing was said. What git says before it
 * gives up is an answer: an error for the client, or a pack that the client sees is cut off.
 */
async function endOf(
  running: RunningGit,
  signal: AbortSignal,
  { onDamage, hasSpoken }: { onDamage: OnDamage; hasSpoken: boolean },
): Promise<void> {
  const { code, stderr } = await running.ended
  if (code === 0) return
  if (signal.aborted) throw clientLeft()
  if (code === null) throw new RegistryError('unavailable', 'the client took too long')
  const isDamaged = DAMAGE.test(stderr)
  if (isDamaged) onDamage(stderr)
  if (hasSpoken) return
  if (!isDamaged) throw new RegistryError('invalid_request', `git refused: ${firstLine(stderr)}`)
  const message = 'the git repository could not be read: try again'
  throw new RegistryError('unavailable', message, { retryAfterSeconds: 1 })
}

/** Without what it quotes: that may be a folder of this machine. */
function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n')
  return line
    .replace(/^fatal: /, '')
    .replace(/'[^']*'/g, '…')
    .slice(0, 200)
}

/** For nobody: the client is gone. */
export function clientLeft(): RegistryError {
  return new RegistryError('unavailable', 'the client went away')
}

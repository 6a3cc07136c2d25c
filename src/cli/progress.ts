/** How far work is. */
export interface ProgressState {
  readonly done: number
  /** Missing when nobody knows. */
  readonly total?: number
  readonly note?: string
}

/** A line that shows how far long work is. */
export interface Progress {
  update(state: ProgressState): void
  /** Takes the line away, for other output or for good; the next update brings it back. */
  clear(): void
}

type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>

const BAR_CHARS = 24
const EVERY_MS = 100

/** Shows progress when the stream is a terminal, and nothing elsewhere. */
export function startProgress(label: string, terminal: Terminal = process.stderr): Progress {
  const startedAt = performance.now()
  let shownAt = -EVERY_MS
  if (!terminal.isTTY) return { update: () => {}, clear: () => {} }
  return {
    update(state) {
      const now = performance.now()
      if (now - shownAt < EVERY_MS && state.done !== state.total) return
      shownAt = now
      const line = progressLine(label, state, (now - startedAt) / 1000)
      // One column stays free: a full line would wrap.
      terminal.write(`\r\x1b[K${line.slice(0, (terminal.columns || 80) - 1)}`)
    },
    clear: () => terminal.write('\r\x1b[K'),
  }
}

/** The line itself: bar, count, rate, and how long it will take. */
export function progressLine(label: string, state: ProgressState, seconds: number): string {
  const { done, total, note } = state
  const rate = seconds > 0 ? done / seconds : 0
  const speed = `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`
  const parts = [label]
  if (total === undefined) parts.push(`${done}`, speed)
  else {
    const share = total === 0 ? 1 : Math.min(done / total, 1)
    const full = Math.round(share * BAR_CHARS)
    parts.push(`[${'#'.repeat(full)}${'.'.repeat(BAR_CHARS - full)}]`)
    parts.push(`${Math.floor(share * 100)}%`, `${done}/${total}`, speed)
    if (rate > 0 && done < total) parts.push(`ETA ${clock((total - done) / rate)}`)
  }
  if (note) parts.push(note)
  return parts.join('  ')
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

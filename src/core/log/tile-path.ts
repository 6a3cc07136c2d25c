import { TILE_WIDTH } from './tiles.ts'

/** A file of the log below its prefix: hashes of a level, or the entries themselves. */
export interface TileFile {
  /** 'entries': length and bytes each, C2SP tlog-tiles; 'records': text and an empty line each, Go. */
  readonly kind: 'hashes' | 'entries' | 'records'
  readonly level: number
  readonly number: number
  /** 256 is a full tile. */
  readonly width: number
}

const TLOG = /^(?:(?<level>\d|[1-5]\d|6[0-3])|entries)\/(?<rest>.+)$/
const GO = /^8\/(?:(?<level>\d|[1-5]\d|6[0-3])|data)\/(?<rest>.+)$/
const NUMBER = /^(?<groups>(?:x\d{3}\/)*)(?<last>\d{3})(?:\.p\/(?<width>[1-9]\d{0,2}))?$/
/** Seven groups are more than 2^63 entries; five are as many as a number holds exactly. */
const MAX_GROUPS = 5

/** What stands below `tile/`: `0/x001/234.p/5` and `entries/000`, or Go's `8/0/000` and `8/data/000`. */
export function parseTilePath(path: string): TileFile | undefined {
  const go = GO.exec(path)?.groups
  if (go) {
    const found = withNumber(go.level === undefined ? 'records' : 'hashes', go)
    if (found) return found
  }
  const tlog = TLOG.exec(path)?.groups
  return tlog && withNumber(tlog.level === undefined ? 'entries' : 'hashes', tlog)
}

/** Where C2SP clients find a file, below the log's prefix. */
export function tilePath({ kind, level, number, width }: TileFile): string {
  if (kind === 'records') return `tile/8/data/${numberPath(number, width)}`
  return `tile/${kind === 'entries' ? 'entries' : level}/${numberPath(number, width)}`
}

/** Where Go's clients find a file, below the log's prefix. */
export function goTilePath({ kind, level, number, width }: TileFile): string {
  return `tile/8/${kind === 'hashes' ? level : 'data'}/${numberPath(number, width)}`
}

function withNumber(
  kind: TileFile['kind'],
  { level = '0', rest = '' }: Record<string, string | undefined>,
): TileFile | undefined {
  const { groups = '', last = '', width } = NUMBER.exec(rest)?.groups ?? {}
  const number = Number(groups.replace(/[x/]/g, '') + last)
  const found = { kind, level: Number(level), number, width: Number(width ?? TILE_WIDTH) }
  if (groups.length / 5 >= MAX_GROUPS || (width && found.width >= TILE_WIDTH)) return undefined
  // One file has one path: no leading groups of zeros.
  return numberPath(found.number, found.width) === rest ? found : undefined
}

function numberPath(number: number, width: number): string {
  const digits = String(number)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const path = padded.replace(/\d{3}(?=\d)/g, 'x$&/')
  return width === TILE_WIDTH ? path : `${path}.p/${width}`
}

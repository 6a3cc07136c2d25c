import { refuse } from './problems.ts'

/** How much there may be in a JSON text, whatever its length. */
export interface ShapeLimits {
  readonly maxDepth: number
  /** Commas and colons, which is to say values. */
  readonly maxValues: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = new Set([0x5b, 0x7b])
const CLOSE = new Set([0x5d, 0x7d])
const BETWEEN = new Set([0x2c, 0x3a])

/**
 * Counts nesting and values of a JSON text as it passes, so that what is parsed later costs neither
 * more stack nor much more memory than its bytes. It judges nothing else.
 */
export class JsonShape {
  readonly #limits: ShapeLimits
  #isInText = false
  #isEscaped = false
  #depth = 0
  #values = 0

  constructor(limits: ShapeLimits) {
    this.#limits = limits
  }

  /** Takes the next bytes; throws `unprocessable` beyond the limits. */
  write(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.byteLength) {
      at = this.#isInText ? this.#skipText(bytes, at) : this.#readStructure(bytes, at)
    }
  }

  /** Goes behind the text's end, or to the end of the bytes. */
  #skipText(bytes: Uint8Array, start: number): number {
    for (let at = start; at < bytes.byteLength; at++) {
      const byte = bytes[at]
      if (this.#isEscaped) this.#isEscaped = false
      else if (byte === BACKSLASH) this.#isEscaped = true
      else if (byte === QUOTE) {
        this.#isInText = false
        return at + 1
      }
    }
    return bytes.byteLength
  }

  /** Goes to the next text, or to the end of the bytes. */
  #readStructure(bytes: Uint8Array, start: number): number {
    const { maxDepth, maxValues } = this.#limits
    for (let at = start; at < bytes.byteLength; at++) {
      const byte = bytes[at] ?? 0
      if (byte === QUOTE) {
        this.#isInText = true
        return at + 1
      }
      if (OPEN.has(byte)) this.#depth++
      else if (CLOSE.has(byte)) this.#depth--
      else if (BETWEEN.has(byte)) this.#values++
      if (this.#depth > maxDepth) refuse('bundle', `its JSON is nested deeper than ${maxDepth}`)
      if (this.#values > maxValues) refuse('bundle', `its JSON has more than ${maxValues} values`)
    }
    return bytes.byteLength
  }
}

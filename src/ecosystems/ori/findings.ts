/** What is wrong with a package: where, and by which rule. */
export interface Problem {
  readonly file: string
  /** Stable, for tools: 'dependency_git', 'entry_missing'. */
  readonly rule: string
  readonly message: string
}

/** What is no reason to refuse. */
export interface Warning {
  readonly file: string
  readonly message: string
}

/** Everything that was found in one file, gathered so that a publisher hears it all at once. */
export class Findings {
  readonly problems: Problem[] = []
  readonly warnings: Warning[] = []
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  /** Notes a reason to refuse. */
  refuse(rule: string, message: string): void {
    this.problems.push({ file: this.#file, rule, message })
  }

  /** Notes what the publisher should know. */
  warn(message: string): void {
    this.warnings.push({ file: this.#file, message })
  }

  /** A value, if it is text; anything else but nothing is refused. */
  text(where: string, value: unknown, maxChars: number): string | undefined {
    if (value === undefined) return undefined
    if (typeof value !== 'string') this.refuse('type', `${where} must be text`)
    else if (value.length > maxChars) {
      this.refuse('too_long', `${where} has ${value.length} characters and may have ${maxChars}`)
    } else if (!value.isWellFormed() || value.includes('\0')) {
      this.refuse('type', `${where} is not proper text`)
    } else return value
    return undefined
  }

  /** A value, if it is a list of texts; anything else but nothing is refused. */
  texts(where: string, value: unknown, max: { items: number; chars: number }): string[] {
    if (value === undefined) return []
    if (!Array.isArray(value)) {
      this.refuse('type', `${where} must be a list of texts`)
      return []
    }
    if (value.length > max.items) {
      this.refuse('too_long', `${where} has ${value.length} items and may have ${max.items}`)
      return []
    }
    return value.flatMap((item, at) => this.text(`${where}[${at}]`, item, max.chars) ?? [])
  }

  /** A value, if it is a table; anything else but nothing is refused. */
  table(where: string, value: unknown): Readonly<Record<string, unknown>> {
    if (value === undefined) return {}
    if (isTable(value)) return value
    this.refuse('type', `${where} must be a table`)
    return {}
  }

  /** Warns of fields that nobody reads: a newer tool may know them. */
  unknown(where: string, table: object, known: readonly string[]): void {
    for (const field of Object.keys(table)) {
      if (known.includes(field)) continue
      const path = where === '' ? field : `${where}.${field}`
      this.warn(`${path.slice(0, 100)} is not known and ignored`)
    }
  }
}

/** Whether this is what TOML calls a table. */
export function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Date)
}

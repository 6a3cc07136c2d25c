import { RegistryError } from '#core/errors.ts'

/** What is wrong with a package, and where: `outline.license`, `sources.A.B`, `readme`. */
export interface Problem {
  readonly path: string
  readonly problem: string
}

const MAX_SHOWN_PROBLEMS = 100
const MAX_PATH_CHARS = 200

/** Everything that was found in a package, gathered so that its publisher hears it all at once. */
export class Findings {
  readonly problems: Problem[] = []
  readonly warnings: Problem[] = []
  #count = 0

  /** Notes a reason to refuse. */
  refuse(path: string, problem: string): void {
    this.#count++
    if (this.problems.length < MAX_SHOWN_PROBLEMS) this.problems.push(entry(path, problem))
  }

  /** Notes what the publisher should know. */
  warn(path: string, problem: string): void {
    if (this.warnings.length < MAX_SHOWN_PROBLEMS) this.warnings.push(entry(path, problem))
  }

  /** Throws `unprocessable` with all of it, if there was a reason to refuse. */
  throwIfAny(): void {
    const [first] = this.problems
    if (!first) return
    const more = this.#count > 1 ? ` (and ${this.#count - 1} more)` : ''
    throw new RegistryError('unprocessable', `${first.path}: ${first.problem}${more}`, {
      details: { problems: this.problems },
    })
  }
}

/** What is thrown for a package that cannot be looked at any further. */
export function refuse(path: string, problem: string): never {
  const findings = new Findings()
  findings.refuse(path, problem)
  findings.throwIfAny()
  throw new Error('a refusal was noted')
}

/** Text as messages show it: not too long, nothing that cannot be sent. */
export function shown(raw: string): string {
  return JSON.stringify(raw.slice(0, 100).toWellFormed())
}

function entry(path: string, problem: string): Problem {
  return { path: path.slice(0, MAX_PATH_CHARS).toWellFormed(), problem }
}

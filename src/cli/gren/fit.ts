import { CliError } from '#cli/failure.ts'
import { formatRange } from '#ecosystems/gren/range.ts'
import type { Needs } from './needs.ts'
import { type Chosen, intersect } from './solve.ts'

const HINT = 'nothing was written; take another version of it, or another package'

/** Refuses packages for another compiler or platform than the project is for, as the client does. */
export function checkFit(project: Needs, chosen: ReadonlyMap<string, Chosen>): void {
  for (const [name, { version, needs }] of chosen) {
    const what = `${name} ${version}`
    if (!intersect(project.grenVersion, needs.grenVersion)) {
      const own = formatRange(project.grenVersion)
      const message = `${what} needs Gren ${formatRange(needs.grenVersion)}; the project has ${own}`
      throw new CliError(message, HINT)
    }
    if (needs.platform === 'common' || needs.platform === project.platform) continue
    const message = `${what} is for ${needs.platform}, and the project for ${project.platform}`
    throw new CliError(message, HINT)
  }
}

import type { App } from '#core/app.ts'

/** What repositories are made with came with these. */
const NEEDED = { major: 2, minor: 33 }

/** Tells the operator at start, rather than the first who clones. */
export async function warnWithoutGit({ git, log }: Pick<App, 'git' | 'log'>): Promise<void> {
  try {
    const version = await git.version()
    const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(version) ?? []
    const isOld =
      Number(major) < NEEDED.major ||
      (Number(major) === NEEDED.major && Number(minor) < NEEDED.minor)
    if (!isOld) return
    log.warn(
      { version },
      `git is older than ${NEEDED.major}.${NEEDED.minor}: git repositories may not be served`,
    )
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.warn({ reason }, 'git cannot be used: everything is served but git repositories')
  }
}

import type { Push } from '#core/git/git.ts'
import type { GitProcesses } from './git-processes.ts'

/** A name for the URL, so that the list of processes does not show it. */
const REMOTE = 'mirror'

/** Runs `git push --force`; what git says when it fails is told without the URL's secrets. */
export async function pushRefs(
  processes: GitProcesses,
  dir: string,
  { url, refs, signal }: Push,
): Promise<void> {
  const specs = refs.map((ref) => `+${ref}:${ref}`)
  const running = await processes.start({
    args: [`--git-dir=${dir}`, 'push', '--quiet', '--no-verify', REMOTE, ...specs],
    config: { [`remote.${REMOTE}.url`]: url },
  })
  const stop = () => running.kill()
  signal.addEventListener('abort', stop, { once: true })
  try {
    running.stdout.resume()
    const { code, stderr } = await running.ended
    if (code === 0) return
    throw new Error(`git push: ${withoutSecrets(stderr.trim(), url) || `ended with ${code}`}`)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** What git says, without the secrets of a URL. */
export function withoutSecrets(text: string, url: string): string {
  const { username, password } = URL.canParse(url) ? new URL(url) : { username: '', password: '' }
  const secrets = [username, password].flatMap((secret) => [secret, decodeText(secret)])
  const hidden = secrets.filter((secret) => secret !== '')
  return hidden.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

function decodeText(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

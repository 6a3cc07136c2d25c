import { dirname } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import type { OriClient } from '#cli/ori/client.ts'
import { getLock } from '#cli/ori/locks.ts'
import { clientOf, oriCommand } from '#cli/ori/ori-command.ts'
import { note, plural, print, printJson, printList, wantsJson } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'
import { LOCK_FILE, type LockEntry } from '#ecosystems/ori/lock.ts'

const advisoriesBody = z.object({
  advisories: z.array(
    z.looseObject({
      id: z.string(),
      package: z.string(),
      patched: z.array(z.string()),
      severity: z.string().nullable(),
      title: z.string(),
      url: z.string().nullable(),
      withdrawn_at: z.string().nullable(),
    }),
  ),
  next: z.string().optional(),
})

type Advisory = z.infer<typeof advisoriesBody>['advisories'][number]

/** A locked version and what is known against it. */
interface Hit {
  readonly package: string
  readonly version: string
  readonly advisory: Advisory
}

/** Registries limit requests by the minute; there is no use in asking faster. */
const AT_ONCE = 4

/** `ori audit`. */
export function oriAudit(): Command {
  return oriCommand({
    name: 'audit',
    description: 'Look for advisories about everything in a lock; exit code 1 when there are any',
    examples: ['ori audit', 'ori audit ../app/oripk.lock --json'],
  })
    .argument('[lock]', 'the lock', LOCK_FILE)
    .action(async (path: string, _options: object, command: Command) => {
      const entries = await getLock(path)
      const hits = await audit(command, entries, dirname(path))
      if (hits.length > 0) process.exitCode = 1
      if (wantsJson(command)) {
        printJson({ checked: entries.length, hits })
        return
      }
      const locked = plural(entries.length, 'locked package')
      if (hits.length === 0) {
        print(`no advisories about ${locked}`)
        return
      }
      printList(command, hits, {
        package: (hit) => hit.package,
        version: ({ version }) => version,
        advisory: ({ advisory }) => advisory.id,
        severity: ({ advisory }) => advisory.severity ?? undefined,
        'fixed in': ({ advisory }) => advisory.patched.join(', '),
        title: ({ advisory }) => advisory.title,
        url: ({ advisory }) => advisory.url ?? undefined,
      })
      const found = hits.length === 1 ? '1 advisory' : `${hits.length} advisories`
      note(`${found} about ${locked}`)
    })
}

async function audit(
  command: Command,
  entries: readonly LockEntry[],
  folder: string,
): Promise<Hit[]> {
  const progress = startProgress('auditing')
  const waiting = [...entries.entries()]
  const found: Hit[][] = entries.map(() => [])
  let done = 0
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [at, entry] = next
      const client = await clientOf(command, { name: entry.name, folder })
      found[at] = await ask(client, entry)
      progress.update({ done: ++done, total: entries.length })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work)).finally(() => progress.clear())
  return found.flat()
}

async function ask(client: OriClient, { name, version }: LockEntry): Promise<Hit[]> {
  const query = new URLSearchParams({ package: name, version })
  const hits: Hit[] = []
  for (;;) {
    const { advisories, next } = await client.read(`/advisories?${query}`, advisoriesBody)
    const standing = advisories.filter((one) => one.withdrawn_at === null)
    hits.push(...standing.map((advisory) => ({ package: name, version, advisory })))
    if (next === undefined) return hits
    query.set('after', next)
  }
}

import { type Command, Option } from 'commander'
import { newCommand } from '#cli/command.ts'
import { everyPage, moment, printList } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { type JobView, listJobs } from '#core/jobs/list-jobs.ts'

interface Options {
  readonly state?: JobView['state']
}

/** `jobs list`. */
export function jobsList(): Command {
  return newCommand({
    name: 'list',
    description: 'Show the background jobs that wait, run, or failed for good (dead)',
    examples: ['jobs list', 'jobs list --state dead'],
  })
    .addOption(new Option('--state <state>', 'only these').choices(['waiting', 'running', 'dead']))
    .action(async (options: Options, command: Command) => {
      const jobs = await withApp(command, (app) =>
        everyPage((page) => listJobs(app, CLI, { ...page, ...options })),
      )
      printList(command, jobs, {
        id: (job) => job.id,
        kind: (job) => job.kind,
        key: (job) => job.key,
        state: (job) => job.state,
        attempts: (job) => job.attempts,
        'runs at': (job) => moment(job.runAt.getTime()),
        'last error': (job) => job.lastError ?? undefined,
      })
    })
}

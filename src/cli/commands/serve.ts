import type { Command } from 'commander'
import { outboxDir } from '#adapters/mailer.ts'
import { newCommand } from '#cli/command.ts'
import { printJson, wantsJson } from '#cli/output.ts'
import { banner, firstCommands, type Started, shownDatabase } from '#cli/serve/banner.ts'
import { ownCommand } from '#cli/serve/own-command.ts'
import type { RunningRegistry } from '#cli/serve/start-registry.ts'
import { untilStopped } from '#cli/serve/until-stopped.ts'
import { sourcesOf } from '#cli/settings-options.ts'
import { exitOnCrash, writeOut } from '#cli/stdio.ts'
import { VERSION } from '#cli/version.ts'
import { CLI } from '#cli/with-app.ts'
import { type Config, describeConfig, loadConfig } from '#config.ts'
import { listUsers } from '#core/accounts/list-users.ts'

/** `serve`. */
export function serve(): Command {
  return newCommand({
    name: 'serve',
    description: 'Run the registry until it is told to stop (SIGTERM, Ctrl-C)',
    examples: [
      'serve',
      'serve --listen 0.0.0.0:7080 --data /var/lib/entrepot',
      'serve --public-url https://registry.example.org --database-url postgres://entrepot@db/entrepot',
    ],
  }).action(async (_options: object, command: Command) => {
    const config = loadConfig(sourcesOf(command))
    // Loaded here, so that the other commands need not wait for what only a server has.
    const { pinoLog } = await import('#adapters/pino-log.ts')
    const { startRegistry } = await import('#cli/serve/start-registry.ts')
    const log = pinoLog(config.logLevel)
    exitOnCrash((error) => log.error({ err: error }, 'uncaught error: the process ends'))
    const stopped = untilStopped(log)
    const registry = await startRegistry(config, log)
    const started = await describeStart(command, config, registry)
    if (wantsJson(command)) printJson(started)
    else writeOut(banner(started))
    log.info({ url: registry.url, version: VERSION }, 'serving')
    const signal = await stopped
    const { shutdownGraceSeconds } = config.limits
    log.info({ signal, shutdownGraceSeconds }, 'stopping: transfers may end')
    await registry.stop()
    log.info({}, 'stopped')
  })
}

async function describeStart(
  command: Command,
  config: Config,
  { app, url, migrated }: RunningRegistry,
): Promise<Started> {
  const sources = sourcesOf(command)
  const own = ownCommand(describeConfig(sources), sources.cwd)
  const { items } = await listUsers(app, CLI, { limit: 1 })
  const isNew = items.length === 0
  return {
    version: VERSION,
    url,
    publicUrl: app.settings.publicUrl,
    dataDir: config.dataDir,
    database: shownDatabase(config),
    outbox: config.mail.transport === undefined ? outboxDir(config.dataDir) : undefined,
    migrated,
    firstCommands: isNew ? firstCommands(own) : [],
    variables: isNew ? own.variables : [],
  }
}

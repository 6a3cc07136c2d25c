import type { Command } from 'commander'
import { openApp } from '#compose.ts'
import { type Config, loadConfig } from '#config.ts'
import { type Actor, systemActor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { explainEnvironment } from './environment-failure.ts'
import { sourcesOf } from './settings-options.ts'
import { stderrLog } from './stderr-log.ts'

/** Whoever may run commands on the server's data is its operator. */
export const CLI: Actor = systemActor('cli')

/** Does something with the data of the registry, whether or not a server runs on it too. */
export async function withApp<T>(
  command: Command,
  work: (app: App, migrated: readonly string[]) => Promise<T>,
): Promise<T> {
  const config: Config = loadConfig(sourcesOf(command))
  try {
    const { app, migrated, close } = await openApp(config, stderrLog(config.logLevel))
    try {
      return await work(app, migrated)
    } finally {
      await close()
    }
  } catch (error) {
    throw explainEnvironment(error, config) ?? error
  }
}

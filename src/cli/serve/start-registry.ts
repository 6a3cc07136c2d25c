import { explainEnvironment, explainListen } from '#cli/environment-failure.ts'
import { type OpenApp, openApp } from '#compose.ts'
import { urlOfListen } from '#config/values.ts'
import type { Config } from '#config.ts'
import type { App, Log } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { DOWNLOAD_FLUSH_MS, flushDownloads } from '#core/downloads/flush-downloads.ts'
import { RegistryError } from '#core/errors.ts'
import { startIndexWriter } from '#core/index/index-writer.ts'
import { startWorker } from '#core/jobs/worker.ts'
import { askWitnesses } from '#core/log/ask-witnesses.ts'
import { startSequencer } from '#core/log/sequencer.ts'
import { flushLastUsed } from '#core/tokens/last-used.ts'
import { applyConfiguredWebhooks } from '#core/webhooks/configured.ts'
import { WEBHOOK_CONCURRENCY, webhookHandlers } from '#core/webhooks/jobs.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { problemResponse } from '#http/errors.ts'
import { createOperation, type Operation } from '#http/operating.ts'
import { createFetch } from '#http/server.ts'
import { serve } from '#runtime/serve.ts'
import { jobHandlers, jobSchedules } from './jobs.ts'
import { warnWithoutGit } from './warn-without-git.ts'

type RunningServer = Awaited<ReturnType<typeof serve>>

const JOB_POLL_MS = 1000
/** Together well below the second in which what was acknowledged is in a checkpoint. */
const LOG_POLL_MS = 400
const LOG_PAUSE_MS = 100
/** The same for indices; few commits, as each is one that clients fetch for ever. */
const INDEX_POLL_MS = 600
const INDEX_PAUSE_MS = 600
const FLUSH_MS = 15_000

/** A registry that answers requests. */
export interface RunningRegistry {
  readonly app: App
  /** Migrations applied at this start. */
  readonly migrated: readonly string[]
  /** Where it listens, which is not where clients see it when it is behind a proxy. */
  readonly url: string
  /** Lets transfers end within the grace time, and running jobs at their next good moment. */
  stop(): Promise<void>
}

/** Opens the data, listens, and starts the background work. */
export async function startRegistry(config: Config, log: Log): Promise<RunningRegistry> {
  const opened = await openApp(config, log).catch((error: unknown) => {
    throw explainEnvironment(error, config) ?? error
  })
  const { app, server, operation } = await listen(config, opened).catch(async (error: unknown) => {
    await opened.close()
    throw explainListen(error, config) ?? error
  })
  if (config.core.logWitnesses.length > 0) await change(app, (tx) => askWitnesses(app, tx))
  await applyConfiguredWebhooks(app)
  void warnWithoutGit(app)
  const worker = startWorker(app, jobHandlers(operation.metrics), jobSchedules(config), {
    pollMs: JOB_POLL_MS,
  })
  const webhookWorker = startWorker(
    app,
    webhookHandlers((outcome) => operation.metrics.noteDelivery(outcome)),
    [],
    { pollMs: JOB_POLL_MS, concurrency: WEBHOOK_CONCURRENCY },
  )
  const sequencer = startSequencer(app, { pollMs: LOG_POLL_MS, pauseMs: LOG_PAUSE_MS })
  const indexWriter = startIndexWriter(app, { pollMs: INDEX_POLL_MS, pauseMs: INDEX_PAUSE_MS })
  const flush = () =>
    Promise.all([flushLastUsed(app), app.rates.prune(app.clock())]).catch((error: unknown) => {
      log.warn({ err: error }, 'use of tokens was not recorded, or old rate counts not forgotten')
    })
  const flushing = setInterval(() => void flush(), FLUSH_MS)
  const flushCounts = () =>
    flushDownloads(app).catch((error: unknown) => {
      log.warn({ err: error }, 'downloads were not recorded yet')
    })
  const counting = setInterval(() => void flushCounts(), DOWNLOAD_FLUSH_MS)
  return {
    app,
    migrated: opened.migrated,
    url: server.url,
    async stop() {
      clearInterval(flushing)
      clearInterval(counting)
      operation.traffic.drain()
      const graceMs = config.limits.shutdownGraceSeconds * 1000
      await Promise.all([server.stop(graceMs), worker.stop(), webhookWorker.stop()])
      // What was acknowledged until now is published before the process ends.
      await Promise.all([sequencer.stop(), indexWriter.stop()])
      await Promise.all([flush(), flushCounts()])
      await opened.close()
    },
  }
}

interface Listening {
  readonly app: App
  readonly server: RunningServer
  readonly operation: Operation
}

/** Only who listens knows the port, which the app must know before it answers. */
async function listen(config: Config, opened: OpenApp): Promise<Listening> {
  const { promise: ready, resolve: setReady } = Promise.withResolvers<typeof answer>()
  let answer: ReturnType<typeof createFetch> | undefined
  const server = await serve({
    ...config.listen,
    fetch: (request, connection) =>
      answer?.(request, connection) ?? ready.then((now) => now?.(request, connection) ?? failed()),
    onError: (error) => {
      opened.app.log.error({ err: error }, 'an answer failed')
      return failed()
    },
  })
  const { hostname } = config.listen
  const publicUrl = config.publicUrlIsDerived
    ? urlOfListen({ hostname, port: server.port })
    : config.publicUrl
  const app: App = { ...opened.app, settings: { ...opened.app.settings, publicUrl } }
  const operation = createOperation(app, app.database.pool)
  answer = createFetch(app, ecosystems, config, operation)
  setReady(answer)
  return { app, server, operation }
}

function failed(): Response {
  return problemResponse(new RegistryError('internal', 'the server failed to answer'), '')
}

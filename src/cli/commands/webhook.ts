import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { addCommands, newCommand } from '#cli/command.ts'
import { idValue } from '#cli/option-values.ts'
import {
  everyPage,
  moment,
  print,
  printJson,
  printList,
  printOutcome,
  wantsJson,
} from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { createWebhook } from '#core/webhooks/create-webhook.ts'
import { deleteWebhook } from '#core/webhooks/delete-webhook.ts'
import {
  WEBHOOK_EVENTS,
  WEBHOOK_KINDS,
  type WebhookEvent,
  type WebhookKind,
} from '#core/webhooks/kinds.ts'
import { type Delivery, listDeliveries } from '#core/webhooks/list-deliveries.ts'
import { listWebhooks } from '#core/webhooks/list-webhooks.ts'
import { pingWebhook } from '#core/webhooks/ping-webhook.ts'
import { redeliver } from '#core/webhooks/redeliver.ts'

const ID_ARGUMENT = ['<id>', 'as `entrepot webhook list` shows it', idValue] as const

/** `webhook …`. */
export function webhookCommands(): Command {
  const group = newCommand({
    name: 'webhook',
    description: 'Servers that are told what happens to packages',
    examples: ['webhook --help'],
  })
  return addCommands(group, [add(), list(), remove(), deliveries(), again(), ping()])
}

interface AddOptions {
  readonly namespace?: string
  readonly kind?: WebhookKind
  readonly event?: WebhookEvent[]
  readonly ecosystem?: string
  readonly secretFile?: string
}

function add(): Command {
  return newCommand({
    name: 'add',
    description:
      'Have a server told; prints the secret that signs, alone, on stdout: it is shown this once',
    examples: [
      'webhook add https://ci.example.org/hooks/registry --namespace acme --event publish',
      'webhook add https://docs.example.org/import --kind form-package-name --ecosystem gren',
    ],
  })
    .argument('<url>', 'where to post')
    .option('--namespace <name>', 'told of its packages; of the whole registry unless set')
    .addOption(new Option('--kind <kind>', 'how it is told').choices(Object.keys(WEBHOOK_KINDS)))
    .addOption(
      new Option('--event <name...>', 'only these; all unless set').choices(WEBHOOK_EVENTS),
    )
    .option('--ecosystem <id>', 'told of its packages only')
    .option('--secret-file <path>', 'signs with the secret in this file')
    .action(async (url: string, options: AddOptions, command: Command) => {
      const { event, secretFile, ...rest } = options
      const secret = secretFile === undefined ? undefined : await readFile(secretFile, 'utf8')
      const made = await withApp(command, (app) =>
        createWebhook(app, CLI, {
          url,
          ...rest,
          ...(event && { events: event }),
          ...(secret !== undefined && { secret: secret.trim() }),
        }),
      )
      if (wantsJson(command)) printJson(made)
      else print(made.secret ?? `made the webhook ${made.webhook.id}`)
    })
}

function list(): Command {
  return newCommand({
    name: 'list',
    description: 'Show who is told what; never the secrets',
    examples: ['webhook list', 'webhook list --namespace acme --json'],
  })
    .option('--namespace <name>', 'only of this namespace')
    .action(async (options: { namespace?: string }, command: Command) => {
      const webhooks = await withApp(command, (app) =>
        everyPage((page) => listWebhooks(app, CLI, { ...page, ...options })),
      )
      printList(command, webhooks, {
        id: (webhook) => webhook.id,
        namespace: (webhook) => webhook.namespace,
        kind: (webhook) => webhook.kind,
        url: (webhook) => webhook.url,
        events: (webhook) => webhook.events.join(','),
        ecosystem: (webhook) => webhook.ecosystem ?? undefined,
        state: ({ isActive, disabledReason }) => (isActive ? 'on' : `off ${disabledReason ?? ''}`),
        created: (webhook) => moment(webhook.createdAt),
      })
    })
}

function remove(): Command {
  return newCommand({
    name: 'remove',
    description: 'End a webhook, with all that was still to be delivered',
    examples: ['webhook remove 3'],
  })
    .argument(...ID_ARGUMENT)
    .action(async (id: number, _options: object, command: Command) => {
      await withApp(command, (app) => deleteWebhook(app, CLI, id))
      printOutcome(command, `ended the webhook ${id}`, { id, removed: true })
    })
}

function deliveries(): Command {
  return newCommand({
    name: 'deliveries',
    description: 'Show what was and is to be delivered, and what is dead, of the last 30 days',
    examples: ['webhook deliveries 3', 'webhook deliveries 3 --state dead'],
  })
    .argument(...ID_ARGUMENT)
    .addOption(
      new Option('--state <state>', 'only these').choices(['waiting', 'delivered', 'dead']),
    )
    .action(async (id: number, options: { state?: Delivery['state'] }, command: Command) => {
      const found = await withApp(command, (app) =>
        everyPage((page) => listDeliveries(app, CLI, id, { ...page, ...options })),
      )
      printList(command, found, {
        id: (delivery) => delivery.id,
        event: (delivery) => delivery.event,
        state: (delivery) => delivery.state,
        attempts: (delivery) => delivery.attempts,
        created: (delivery) => moment(delivery.createdAt),
        next: (delivery) => moment(delivery.nextAt),
        status: (delivery) => delivery.lastStatus,
        error: (delivery) => delivery.lastError,
      })
    })
}

function again(): Command {
  return newCommand({
    name: 'redeliver',
    description: 'Deliver again what is dead, or one delivery; a running server does it at once',
    examples: ['webhook redeliver 3', 'webhook redeliver 3 120'],
  })
    .argument(...ID_ARGUMENT)
    .argument('[delivery]', 'as `entrepot webhook deliveries` shows it', idValue)
    .action(
      async (id: number, delivery: number | undefined, _options: object, command: Command) => {
        const count = await withApp(command, (app) => redeliver(app, CLI, id, delivery))
        printOutcome(command, `deliveries that wait again: ${count}`, { id, count })
      },
    )
}

function ping(): Command {
  return newCommand({
    name: 'ping',
    description: 'Send an event that says nothing, to see whether it arrives',
    examples: ['webhook ping 3'],
  })
    .argument(...ID_ARGUMENT)
    .action(async (id: number, _options: object, command: Command) => {
      const delivery = await withApp(command, (app) => pingWebhook(app, CLI, id))
      const sentence = `a running server sends it: see \`entrepot webhook deliveries ${id}\``
      printOutcome(command, sentence, { id, delivery })
    })
}

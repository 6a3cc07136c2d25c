import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { lifetimeValue, repeated, roleOption, scopesValue } from '#cli/option-values.ts'
import { print, printJson, wantsJson } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import type { Scope } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import type { Role } from '#core/db/schema.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { createToken, type NewToken } from '#core/tokens/create-token.ts'
import type { TokenOwner } from '#core/tokens/token.ts'

interface Options {
  readonly scope: readonly Scope[]
  readonly user?: string
  readonly namespace?: readonly string[]
  readonly expires?: number
  readonly name?: string
  readonly robot?: true
  readonly role?: Role
}

/** `token create`. */
export function tokenCreate(): Command {
  return newCommand({
    name: 'create',
    description: 'Make a token and print it, alone, on stdout: it is shown this once',
    examples: [
      'token create --user ann --scope read,publish,admin',
      'token create --user ann --scope read --namespace acme --expires 90d --name laptop',
      'token create --robot --namespace acme --role publisher --name ci --scope read,publish',
      'token create --user ann --scope read | docker login -u ann --password-stdin 127.0.0.1:7080',
    ],
  })
    .option('--user <name>', 'whose token')
    .requiredOption('--scope <scopes>', 'what it is good for: read, publish, admin', scopesValue)
    .option('--namespace <name>', 'good for this namespace only; may be repeated', repeated)
    .option(
      '--expires <time>',
      'for how long, such as 12h or 90d; for ever unless set',
      lifetimeValue,
    )
    .option('--name <label>', 'what to know it by')
    .option('--robot', 'belongs to the namespace, not to a person; takes --role and --name')
    .addOption(roleOption('what a robot may do in its namespace'))
    .action(async (options: Options, command: Command) => {
      const owner = ownerOf(options, command)
      const { token, secret } = await withApp(command, async (app) =>
        createToken(app, CLI, owner, await newToken(app, options)),
      )
      if (wantsJson(command)) printJson({ token, secret })
      else print(secret)
    })
}

function ownerOf(options: Options, command: Command): TokenOwner {
  const { robot, user, role, namespace = [], name } = options
  if (!robot) {
    if (user === undefined) command.error('error: --user says whose token it is (or --robot)')
    if (role !== undefined) command.error('error: --role is for robots: a user has roles already')
    return { user: user ?? '' }
  }
  const [only] = namespace
  if (user !== undefined) command.error('error: a robot belongs to a namespace, not to --user')
  if (only === undefined || namespace.length > 1 || role === undefined || name === undefined) {
    return command.error('error: a robot takes one --namespace, a --role and a --name')
  }
  return { namespace: only, role }
}

async function newToken(app: App, options: Options): Promise<NewToken> {
  const { scope, expires, name = 'cli', robot, namespace } = options
  const limits = robot ? undefined : namespace
  return {
    name,
    scopes: scope,
    ...(limits && { onlyNamespaces: await Promise.all(limits.map((raw) => idOf(app, raw))) }),
    ...(expires !== undefined && { expiresAt: now(app) + expires * 1000 }),
  }
}

async function idOf(app: App, rawName: string): Promise<number> {
  return (await getNamespace(app.database.db, rawName)).id
}

import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { everyPage, moment, printList } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import type { App } from '#core/app.ts'
import { listNamespaces } from '#core/namespaces/list-namespaces.ts'
import type { OwnerRef } from '#core/tokens/authorize-owner.ts'
import { listTokens } from '#core/tokens/list-tokens.ts'
import type { Token } from '#core/tokens/token.ts'

interface Options {
  readonly user?: string
  readonly namespace?: string
}

/** `token list`. */
export function tokenList(): Command {
  return newCommand({
    name: 'list',
    description: 'Show the tokens that are not revoked; never their secrets',
    examples: ['token list', 'token list --user ann', 'token list --namespace acme --json'],
  })
    .option('--user <name>', 'only this person’s')
    .option('--namespace <name>', 'only the robots of this namespace')
    .action(async (options: Options, command: Command) => {
      const owner = ownerOf(options, command)
      const tokens = await withApp(command, async (app) => {
        const found = await everyPage((page) => listTokens(app, CLI, owner, page))
        return await withNames(app, found)
      })
      printList(command, tokens, {
        id: (token) => token.id,
        name: (token) => token.name,
        owner: ({ owner }) => ('user' in owner ? owner.user : `${owner.namespace} (${owner.role})`),
        scopes: (token) => token.scopes.join(','),
        'limited to': (token) => token.namespaces?.join(','),
        created: (token) => moment(token.createdAt),
        expires: (token) => moment(token.expiresAt),
        'last used': (token) => moment(token.lastUsedAt),
      })
    })
}

function ownerOf({ user, namespace }: Options, command: Command): OwnerRef | undefined {
  if (user !== undefined && namespace !== undefined) {
    command.error('error: --user and --namespace cannot both be given')
  }
  if (user !== undefined) return { user }
  return namespace === undefined ? undefined : { namespace }
}

/** With the names of the namespaces that a token is limited to: people do not know ids. */
async function withNames(
  app: App,
  tokens: readonly Token[],
): Promise<Array<Token & { namespaces?: string[] }>> {
  if (tokens.every((token) => token.onlyNamespaces === undefined)) return [...tokens]
  const namespaces = await everyPage((page) => listNamespaces(app, CLI, page))
  const names = new Map(namespaces.map(({ id, name }) => [id, name]))
  return tokens.map((token) => {
    if (!token.onlyNamespaces) return token
    return { ...token, namespaces: token.onlyNamespaces.map((id) => names.get(id) ?? `(${id})`) }
  })
}

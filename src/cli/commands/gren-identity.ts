import { type Command, Option } from 'commander'
import { z } from 'zod'
import { RefusedError } from '#cli/client/answers.ts'
import { addCommands, newCommand } from '#cli/command.ts'
import { CliError } from '#cli/failure.ts'
import { createClient, type GrenClient } from '#cli/gren/client.ts'
import { clientOf, grenCommand, registryOf } from '#cli/gren/gren-command.ts'
import { printList, printOutcome } from '#cli/output.ts'

const LEVELS = ['download', 'publish', 'admin']
const NAME_ARGUMENT = ['<name>', 'the publishing identity, like acme'] as const

const identityBody = z.object({
  name: z.string(),
  createdAt: z.string(),
  role: z.string().optional(),
})
const userBody = z.object({ email: z.string(), role: z.string(), status: z.string() })
const usersBody = z.object({
  users: z.array(
    z.object({
      user: z.string().optional(),
      email: z.string().optional(),
      role: z.string(),
      status: z.string(),
      expiresAt: z.string().optional(),
    }),
  ),
})

/** `gren identity`. */
export function grenIdentity(): Command {
  const parent = newCommand({
    name: 'identity',
    description: 'Publishing identities, the part of a name before the slash, and who may do what',
    examples: ['gren identity --help'],
  })
  return addCommands(parent, [create(), show(), users(), set(), remove()])
}

function create(): Command {
  return grenCommand({
    name: 'create',
    description: 'Make a publishing identity, with you as its admin',
    examples: ['gren identity create acme'],
  })
    .argument('<name>', 'letters and digits with single hyphens between them, like acme')
    .action(async (name: string, _options: object, command: Command) => {
      const { url, token } = await registryOf(command)
      if (token === undefined) {
        throw new CliError(`nobody is signed in to ${url}`, '`entrepot gren login` signs in')
      }
      const client = createClient({ url, token })
      await makeIdentity(client, { name, session: token })
      printOutcome(command, `made ${name}; you are its admin`, { name, role: 'admin' })
    })
}

/** The protocol has one sentence for a bad session and a name that is taken. */
async function makeIdentity(
  client: GrenClient,
  body: { readonly name: string; readonly session: string },
): Promise<void> {
  try {
    const change = { method: 'POST', path: '/publishing-identity', body } as const
    await client.change(change, z.unknown())
  } catch (error) {
    const isEither = error instanceof RefusedError && /Invalid session token/.test(error.message)
    if (!isEither || !(await isTaken(client, body.name))) throw error
    throw new CliError(`${client.url}: the name ${body.name} is taken`, 'choose another name')
  }
}

async function isTaken(client: GrenClient, name: string): Promise<boolean> {
  const found = await client.read(identityPath(name), identityBody).catch(() => undefined)
  return found !== undefined
}

function show(): Command {
  return grenCommand({
    name: 'show',
    description: 'Show a publishing identity, and your level in it',
    examples: ['gren identity show acme'],
  })
    .argument(...NAME_ARGUMENT)
    .action(async (raw: string, _options: object, command: Command) => {
      const client = await clientOf(command)
      const identity = await client.read(identityPath(raw), identityBody)
      const { name, createdAt, role } = identity
      const yours = role === undefined ? 'you are none of its users' : `your level: ${role}`
      printOutcome(command, `${name}, made ${createdAt}; ${yours}`, identity)
    })
}

function users(): Command {
  return grenCommand({
    name: 'users',
    description: 'List who may do what; addresses and invitations are for admins',
    examples: ['gren identity users acme', 'gren identity users acme --json'],
  })
    .argument(...NAME_ARGUMENT)
    .action(async (name: string, _options: object, command: Command) => {
      const client = await clientOf(command)
      const found = await client.read(`${identityPath(name)}/users`, usersBody)
      printList(command, found.users, {
        user: ({ user }) => user,
        email: ({ email }) => email,
        role: ({ role }) => role,
        status: ({ status }) => status,
        until: ({ expiresAt }) => expiresAt,
      })
    })
}

function set(): Command {
  return grenCommand({
    name: 'set',
    description: 'Give somebody a level; who has no account gets it when they first sign in',
    examples: ['gren identity set acme bob@example.org --role publish'],
  })
    .argument(...NAME_ARGUMENT)
    .argument('<email>', 'who')
    .addOption(
      new Option('--role <level>', 'what they may do').choices(LEVELS).makeOptionMandatory(),
    )
    .action(async (name: string, email: string, { role }: { role: string }, command: Command) => {
      const client = await clientOf(command)
      const path = userPath(name, email)
      const found = await client.change({ method: 'PUT', path, body: { role } }, userBody)
      const sentence =
        found.status === 'active'
          ? `${email} has the level ${role} in ${name}`
          : `${email} is invited with the level ${role} in ${name}, for 30 days`
      printOutcome(command, sentence, { name, ...found })
    })
}

function remove(): Command {
  return grenCommand({
    name: 'remove',
    description: 'Take somebody’s level, or an invitation, away',
    examples: ['gren identity remove acme bob@example.org'],
  })
    .argument(...NAME_ARGUMENT)
    .argument('<email>', 'who')
    .action(async (name: string, email: string, _options: object, command: Command) => {
      const client = await clientOf(command)
      await client.change({ method: 'DELETE', path: userPath(name, email) }, z.unknown())
      printOutcome(command, `${email} is no user of ${name} any more`, { name, email })
    })
}

function identityPath(name: string): string {
  return `/publishing-identity/${encodeURIComponent(name)}`
}

function userPath(name: string, email: string): string {
  return `${identityPath(name)}/users/${encodeURIComponent(email)}`
}
